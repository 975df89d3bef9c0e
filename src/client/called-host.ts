import type { EngineHost } from '../protocol/engine-port';

/** Method by method, as a call: what comes of it comes later. */
type Called<Host> = {
  readonly [Name in keyof Host]: Host[Name] extends (...input: infer Input) => infer Output
    ? (...input: Input) => PromiseLike<Awaited<Output>>
    : never;
};

/** What the client calls of a loaded engine's host: a worker's across Comlink, or any object that answers these. */
export type CalledHost = Called<
  Pick<EngineHost, 'submit' | 'cancel' | 'watch' | 'tokenize' | 'detokenize' | 'snapshot' | 'stats' | 'close'>
>;
