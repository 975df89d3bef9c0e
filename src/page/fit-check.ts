import type { FitReport, RatedEntry } from '../client/index';
import { failureOf, type Failure } from '../element/failure';
import type { ModelChoice } from './model-choice';

/** The models to pick from, marked by what fits, once they have been looked at. */
export type Offer =
  | { readonly kind: 'unseen' }
  | { readonly kind: 'seen'; readonly entries: readonly RatedEntry[]; readonly budgetBytes: number | null };

/** A model whose fit is asked for; of one that is in no list only its reference is known. */
export type FitCandidate = Pick<RatedEntry, 'id' | 'model' | 'name'> &
  Partial<Pick<RatedEntry, 'sizeBytes' | 'licence' | 'sha256'>>;

/** What becomes of the one that was picked. */
export type FitState =
  | { readonly kind: 'none' }
  | { readonly kind: 'checking'; readonly entry: FitCandidate }
  /** It does not fit: the person decides. */
  | { readonly kind: 'asking'; readonly entry: FitCandidate; readonly reason: string }
  | { readonly kind: 'failed'; readonly entry: FitCandidate; readonly failure: Failure };

export interface FitPorts {
  /** Opens no device and downloads nothing. */
  rated(): Promise<{ readonly entries: readonly RatedEntry[]; readonly budgetBytes: number | null }>;
  checkFit(model: string, options: { readonly signal: AbortSignal; readonly sha256?: string }): Promise<FitReport>;
  reportError(error: unknown): void;
}

/** Whether a model fits is asked of its header before the rest of it is fetched. */
export class FitCheck {
  #offer: Offer = { kind: 'unseen' };
  #state: FitState = { kind: 'none' };
  /** The check in force; one that was taken back finds another value here and keeps quiet. */
  #checking: AbortController | null = null;

  constructor(
    private readonly ports: FitPorts,
    private readonly changed: () => void,
  ) {}

  get offer(): Offer {
    return this.#offer;
  }

  get state(): FitState {
    return this.#state;
  }

  async show(): Promise<void> {
    if (this.#offer.kind === 'seen') return;
    try {
      this.#offer = { kind: 'seen', ...(await this.ports.rated()) };
      this.changed();
    } catch (error) {
      this.ports.reportError(error);
    }
  }

  /** Resolves with the model to load where it fits, and where not with `null`: then `state` says how it goes on. */
  async pick(entry: FitCandidate): Promise<ModelChoice | null> {
    this.#checking?.abort();
    const checking = new AbortController();
    this.#checking = checking;
    this.#enter({ kind: 'checking', entry });
    try {
      const { verdict, reason } = await this.ports.checkFit(entry.model, {
        signal: checking.signal,
        ...(entry.sha256 === undefined ? {} : { sha256: entry.sha256 }),
      });
      if (this.#checking !== checking) return null;
      this.#checking = null;
      const fits = verdict === 'fits' || verdict === 'fits-shorter';
      this.#enter(fits ? { kind: 'none' } : { kind: 'asking', entry, reason });
      return fits ? choiceOfRated(entry, reason) : null;
    } catch (error) {
      if (this.#checking !== checking) return null;
      this.#checking = null;
      const failure = failureOf(error);
      if (failure.code === 'unexpected') this.ports.reportError(error);
      this.#enter({ kind: 'failed', entry, failure });
      return null;
    }
  }

  /** Takes the pick back, or answers the question that it led to. */
  leave(): void {
    this.#checking?.abort();
    this.#checking = null;
    if (this.#state.kind !== 'none') this.#enter({ kind: 'none' });
  }

  #enter(state: FitState): void {
    this.#state = state;
    this.changed();
  }
}

/** @param verdict what the check said, where it was there to say anything */
export function choiceOfRated(entry: FitCandidate, verdict: string | null): ModelChoice {
  const { model, name, sizeBytes, licence, sha256 } = entry;
  return {
    reference: model,
    name,
    local: false,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(licence === undefined ? {} : { licence }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(verdict === null ? {} : { verdict }),
  };
}
