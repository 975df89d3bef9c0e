import { expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { defined } from '../../src/base/assert';
import { busyError, FakeBackend } from '../testing/fake-backend';
import type { Exchange } from './exchange';
import { openAiRoutes } from './openai-routes';

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A call of a model that has to be loaded first, and what its client gets. */
function ask(body: object) {
  const backend = new FakeBackend();
  backend.current = { status: 'loading', model: 'fake', loaded: 0, total: 1 };
  const [clock, leaving] = [new FakeClock(), new AbortController()];
  let [load, fail] = [(): void => undefined, (_error: Error): void => undefined];
  const loaded = new Promise<void>((resolve, reject) => ([load, fail] = [resolve, reject]));
  const chat = backend.chat.bind(backend);
  vi.spyOn(backend, 'chat').mockImplementation((...args) => loaded.then(() => chat(...args)));
  const sent: string[] = [];
  const note = async (text: string): Promise<void> => void sent.push(text);
  const outlet = {
    setHeader: (name: string, value: string) => note(`${name}: ${value}`),
    beginEvents: () => note('begin'),
    event: (data: string) => note(/"content":"([^"]*)"/.exec(data)?.[1] ?? data),
    json: () => note('json'),
    end: () => note('end'),
  };
  const exchange = { grant: { kind: 'native' }, outlet, signal: leaving.signal, body: () => Promise.resolve(body) };
  const route = defined(openAiRoutes(backend, clock)['POST /v1/chat/completions'], 'route');
  const answered = route.answer(exchange as unknown as Exchange);
  return { clock, leaving, load, fail, sent, answered };
}

it('a stream has begun before its model is loaded, so that whoever waits hears that it lives', async () => {
  const { clock, load, sent, answered } = ask({ stream: true });
  await settled();
  expect(sent).toEqual([]);
  clock.advance(5_000);
  await settled();
  expect(sent).toEqual(['x-forgelight-device: none', 'begin']);
  load();
  await answered;
  expect(sent.slice(2)).toEqual(['The', ' cat', ' sat', '.', '[DONE]', 'end']);
});

it('a load that fails is told with a status, or at the end of what has begun; who leaves waits no longer', async () => {
  const soon = ask({ stream: true });
  soon.fail(busyError());
  await expect(soon.answered).rejects.toThrow('Eight requests run.');
  expect(soon.sent).toEqual([]);
  const late = ask({ stream: true });
  await settled();
  late.clock.advance(5_000);
  await settled();
  late.fail(busyError());
  await expect(late.answered).rejects.toThrow('Eight requests run.');
  expect(late.sent.at(-1)).toBe('begin');
  const left = ask({ stream: true });
  await settled();
  left.leaving.abort();
  await expect(left.answered).rejects.toMatchObject({ name: 'AbortError' });
});

it('a whole answer comes at once', async () => {
  const { clock, load, sent, answered } = ask({ stream: false });
  await settled();
  clock.advance(600_000);
  await settled();
  expect(sent).toEqual([]);
  load();
  await answered;
  expect(sent.at(-1)).toBe('json');
});
