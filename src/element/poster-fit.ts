import type { checkFit, FitOptions, FitReport } from '../client/index';
import type { Failure } from './failure';
import { failureOf } from './failure';
import type { FailureCode } from './messages';

const NO_GPU: ReadonlySet<FailureCode> = new Set(['no-webgpu', 'no-adapter', 'missing-feature']);

/** What a poster knows of whether its model fits. */
export type PosterFitState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'told'; readonly report: FitReport }
  /** No model at all runs here. */
  | { readonly kind: 'no-gpu'; readonly failure: Failure };

/**
 * Whether a poster's model fits this device, by its header: some MiB of it are fetched, and nothing of its weights. Asked once for each
 * model, and given up when somebody loads it, or goes away.
 */
export class PosterFit {
  readonly #checkFit: typeof checkFit;
  readonly #changed: () => void;
  #state: PosterFitState = { kind: 'unknown' };
  /** The check in force; one that was given up finds another value here and keeps quiet. */
  #checking: AbortController | null = null;
  #asked = false;

  constructor(check: typeof checkFit, changed: () => void) {
    this.#checkFit = check;
    this.#changed = changed;
  }

  get state(): PosterFitState {
    return this.#state;
  }

  /** Whether there is something left to ask. */
  get isOpen(): boolean {
    return !this.#asked;
  }

  /** Never rejects: what keeps the answer from coming, a load will tell. */
  async ask(model: string, options: Omit<FitOptions, 'signal'>): Promise<void> {
    const checking = new AbortController();
    this.#checking = checking;
    this.#asked = true;
    this.#enter({ kind: 'checking' });
    let state: PosterFitState;
    try {
      state = { kind: 'told', report: await this.#checkFit(model, { ...options, signal: checking.signal }) };
    } catch (error) {
      const failure = failureOf(error);
      const noGpu = NO_GPU.has(failure.code);
      state = noGpu ? { kind: 'no-gpu', failure } : { kind: 'unknown' };
    }
    if (this.#checking !== checking) return;
    this.#checking = null;
    this.#enter(state);
  }

  /** Gives a running check up: the next poster asks anew. */
  giveUp(): void {
    if (this.#checking === null) return;
    this.#checking.abort();
    this.forget();
  }

  /** Another model is named. */
  forget(): void {
    this.#checking?.abort();
    this.#checking = null;
    this.#asked = false;
    if (this.#state.kind !== 'unknown') this.#enter({ kind: 'unknown' });
  }

  #enter(state: PosterFitState): void {
    this.#state = state;
    this.#changed();
  }
}

/** Whether the person has asked for few bytes. */
export function savesData(): boolean {
  return 'connection' in navigator && (navigator.connection as { readonly saveData?: boolean }).saveData === true;
}
