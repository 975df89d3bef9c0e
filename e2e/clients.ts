import type { CallOptions, CompletionBody, Engine, TextCompletion } from '../src/client/types';

/** A request of a client that is about to go. */
export interface Asked {
  readonly id: number;
  readonly stream: AsyncIterable<TextCompletion>;
}

/** What `installClients` leaves in the page. */
export interface Clients {
  /** Asks for an answer that nobody waits for to its end; resolves when its request is in `state`. One at a time. */
  readonly ask: (
    engine: Engine,
    state: string,
    options?: CallOptions & Pick<CompletionBody, 'logprobs'>,
  ) => Promise<Asked>;
  /** `answered`, or the name or the code of what `promise` is rejected with. */
  readonly end: (promise: Promise<unknown>) => Promise<string>;
  /** Engines of this origin whose worker lives, by the locks that they hold: one that is gone has no GPU memory either. */
  readonly workers: () => Promise<number>;
}

/** Runs in the page, and must not name anything outside of itself. */
export function installClients(): void {
  let asked = 0;
  const ask: Clients['ask'] = async (engine, state, { signal, ...fields } = {}) => {
    let newest = 0;
    let forget = (): void => undefined;
    const reached = new Promise<number>((resolve) => {
      forget = engine.on('request', (event) => {
        newest = Math.max(newest, event.requestId);
        if (event.requestId === newest && event.state === state) resolve(newest);
      });
    });
    // No two begin alike, so that there is no prefix to take over; nor do they end by themselves.
    const length = state === 'prefilling' ? 200 : 8;
    const prompt = Array.from({ length }, (_, index) => 3 + ((asked * 31 + index * 7) % 500));
    asked += 1;
    const body = {
      prompt,
      max_tokens: 300,
      temperature: 0,
      logit_bias: { 505: -100, 507: -100, 509: -100 },
      stream: true,
      ...fields,
    } as const;
    const stream = await engine.completions.create(body, signal === undefined ? {} : { signal });
    const id = await reached;
    forget();
    return { id, stream };
  };

  const end: Clients['end'] = (promise) =>
    promise.then(
      () => 'answered',
      (error: Error & { code?: unknown }) => (typeof error.code === 'string' ? error.code : error.name),
    );

  const workers: Clients['workers'] = async () => {
    const { held = [] } = await navigator.locks.query();
    return held.filter(({ name }) => name?.startsWith('forgelight:')).length;
  };

  Object.assign(globalThis, { clients: { ask, end, workers } satisfies Clients });
}
