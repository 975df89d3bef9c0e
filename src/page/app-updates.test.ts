import { beforeEach, expect, it } from 'vitest';
import { AppUpdates, type UpdatePorts, type UpdateState } from './app-updates';
import { SWITCH_VERSION } from './switch-version';

/** A service worker's registration, moved by hand. */
class FakeRegistration extends EventTarget {
  installing: EventTarget | null = null;
  waiting: { readonly said: unknown[]; postMessage(message: unknown): void } | null = null;
  looked = 0;

  async update(): Promise<void> {
    this.looked += 1;
    throw new TypeError('no connection');
  }

  /** A new version arrives, and is kept whole. */
  arrive(): void {
    this.installing = new EventTarget();
    this.dispatchEvent(new Event('updatefound'));
    this.installed();
  }

  installed(): void {
    this.keep();
    this.installing?.dispatchEvent(new Event('statechange'));
  }

  keep(): void {
    const said: unknown[] = [];
    this.waiting = { said, postMessage: (message) => void said.push(message) };
  }
}

let registration = new FakeRegistration();
let container = Object.assign(new EventTarget(), { controller: {} as unknown });
let reloads = 0;
let show: () => void = () => undefined;
let seen: UpdateState[] = [];

beforeEach(() => {
  registration = new FakeRegistration();
  container = Object.assign(new EventTarget(), { controller: {} as unknown });
  reloads = 0;
  seen = [];
});

async function started(): Promise<AppUpdates> {
  const updates = new AppUpdates({
    container: container as unknown as UpdatePorts['container'],
    register: async () => registration as unknown as ServiceWorkerRegistration,
    onShown: (listener) => (show = listener),
    reload: () => (reloads += 1),
  });
  updates.subscribe(() => seen.push(updates.state));
  await updates.start();
  return updates;
}

const takeOver = (): boolean => container.dispatchEvent(new Event('controllerchange'));

it('a new version waits until the person asks for it, and the page is loaded anew when it has taken over', async () => {
  const updates = await started();
  registration.arrive();
  expect(updates.state).toBe('waiting');
  expect(registration.waiting?.said).toEqual([]);
  updates.apply();
  expect(registration.waiting?.said).toEqual([SWITCH_VERSION]);
  expect(reloads).toBe(0);
  takeOver();
  expect(reloads).toBe(1);
  expect(seen).toEqual(['waiting', 'switching']);
});

it('one that waited since the last visit is offered at once', async () => {
  registration.keep();
  expect((await started()).state).toBe('waiting');
});

it('one that is being kept while the page starts is offered when it is whole', async () => {
  registration.installing = new EventTarget();
  const updates = await started();
  expect(updates.state).toBe('none');
  registration.installed();
  expect(updates.state).toBe('waiting');
});

it('one that another window found is offered when this one is shown again', async () => {
  const updates = await started();
  registration.keep();
  show();
  expect(updates.state).toBe('waiting');
});

it('the first visit offers nothing and loads nothing anew', async () => {
  container.controller = null;
  const updates = await started();
  registration.arrive();
  takeOver();
  expect(updates.state).toBe('none');
  expect(reloads).toBe(0);
});

it('a window whose version was replaced from another one goes on, and says so', async () => {
  const updates = await started();
  registration.arrive();
  takeOver();
  expect(updates.state).toBe('elsewhere');
  expect(reloads).toBe(0);
  updates.apply();
  expect(reloads).toBe(1);
});

it('a newer version is looked for when the page is shown again, and a missing connection is nobody’s news', async () => {
  await started();
  show();
  expect(registration.looked).toBe(1);
  expect(seen).toEqual([]);
});

it('without a service worker there is nothing to tell', async () => {
  const updates = new AppUpdates({
    container: container as unknown as UpdatePorts['container'],
    register: async () => null,
    onShown: () => expect.fail('nothing to look for'),
    reload: () => expect.fail('nothing to load'),
  });
  await updates.start();
  updates.apply();
  expect(updates.state).toBe('none');
});
