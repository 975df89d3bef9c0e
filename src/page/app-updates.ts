import { SWITCH_VERSION } from './switch-version';

/** `waiting`: a new version is kept and waits to be asked for; `switching`: it was; `elsewhere`: another window asked for it. */
export type UpdateState = 'none' | 'waiting' | 'switching' | 'elsewhere';

/** What of `navigator.serviceWorker` and the window is used. */
export interface UpdatePorts {
  readonly container: Pick<ServiceWorkerContainer, 'controller' | 'addEventListener'>;
  /** Registers the page's service worker; `null` where there is none, or the browser keeps nothing. */
  register(): Promise<ServiceWorkerRegistration | null>;
  /** Calls `listener` each time that the page is shown again. */
  onShown(listener: () => void): void;
  reload(): void;
}

/** Which version of the page runs, and whether a newer one is ready. It never takes over by itself: two versions do not mix. */
export class AppUpdates {
  readonly #listeners = new Set<() => void>();
  #state: UpdateState = 'none';
  #waiting: ServiceWorker | null = null;

  constructor(private readonly ports: UpdatePorts) {}

  get state(): UpdateState {
    return this.#state;
  }

  /** Calls `listener` after every change; the returned function ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    const { container, onShown } = this.ports;
    let isControlled = container.controller !== null;
    container.addEventListener('controllerchange', () => {
      // The first service worker takes over from none: nothing changes.
      if (isControlled) this.#replaced();
      isControlled = true;
    });
    const registration = await this.ports.register();
    if (registration === null) return;
    const look = (): void => this.#look(registration);
    const follow = (): void => registration.installing?.addEventListener('statechange', look);
    look();
    // One that is being installed already was found before there was anybody to tell.
    follow();
    registration.addEventListener('updatefound', follow);
    onShown(() => {
      look();
      // Without a connection there is nothing newer to be had.
      void registration.update().catch(() => undefined);
    });
  }

  /** The person asks for the new version: the page is loaded anew when that has taken over. */
  apply(): void {
    if (this.#state === 'elsewhere') this.ports.reload();
    if (this.#waiting === null) return;
    this.#waiting.postMessage(SWITCH_VERSION);
    this.#enter('switching');
  }

  #look({ waiting }: ServiceWorkerRegistration): void {
    // The first one waits for nobody.
    if (waiting === null || this.ports.container.controller === null) return;
    this.#waiting = waiting;
    if (this.#state === 'none') this.#enter('waiting');
  }

  #replaced(): void {
    if (this.#state === 'switching') this.ports.reload();
    else this.#enter('elsewhere');
  }

  #enter(state: UpdateState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
