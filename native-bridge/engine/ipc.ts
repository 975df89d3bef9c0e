import type { EngineEvent } from '../../src/protocol/engine-events';
import type { EngineInfo, HostRequest, LoadOptions, Result } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import type { LoadProgress } from '../../src/protocol/progress';

/**
 * What passes between the daemon and its engine process, as plain data with typed arrays. Each message bears the number of the process that it
 * is for or comes from: one that was under way while that process died means nothing to the next.
 */

/** What computes: the CPU, slowly, everywhere; an AMD GPU; or `auto`, which is the GPU and never the CPU. */
export type DeviceChoice = 'auto' | 'hip' | 'reference';

/** What an engine process has to know before anything else. */
export interface EngineStart {
  readonly device: DeviceChoice;
  /** Where the models lie. */
  readonly modelsFolder: string;
  /** Where it keeps which kernels are right and fast. */
  readonly stateFolder: string;
}

/** Calls that have one answer, and may be asked again of another process. */
export type EngineCall =
  | {
      readonly method: 'tokenize';
      readonly text: string;
      readonly options: { readonly addSpecial: boolean; readonly parseSpecial: boolean };
    }
  | { readonly method: 'detokenize'; readonly ids: readonly number[] }
  | { readonly method: 'snapshot' }
  | { readonly method: 'stats' }
  | { readonly method: 'cancel'; readonly requestId: number };

export type ToEngine =
  | ({ readonly type: 'start' } & EngineStart)
  | { readonly type: 'load'; readonly options: LoadOptions }
  | { readonly type: 'submit'; readonly requestId: number; readonly request: HostRequest }
  | { readonly type: 'call'; readonly call: number; readonly ask: EngineCall }
  /** To be answered at once: whether its event loop turns. */
  | { readonly type: 'beat' };

export type FromEngine =
  /** It runs, and has read `start`. */
  | { readonly type: 'hello' }
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'loaded'; readonly result: Result<EngineInfo> }
  | { readonly type: 'event'; readonly event: RequestEvent }
  | { readonly type: 'engine'; readonly event: EngineEvent }
  | { readonly type: 'answer'; readonly call: number; readonly result: Result<unknown> }
  | { readonly type: 'beat' };

export type Numbered<Message> = Message & { readonly generation: number };

/** A message of process `generation`; `null` for what comes from another one, or is none. */
export function messageOf(received: unknown, generation: number): FromEngine | null {
  if (typeof received !== 'object' || received === null) return null;
  if (!('generation' in received) || received.generation !== generation || !('type' in received)) return null;
  return received as unknown as FromEngine;
}
