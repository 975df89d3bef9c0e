import type { HubListOptions, HubModelEntry, RatedEntry } from '../client/index';
import { failureOf, type Failure } from '../element/failure';

export interface HubModel extends HubModelEntry {
  readonly fits: RatedEntry['fits'];
}

/** What is known of a repository on the hub. */
export type HubState =
  | { readonly kind: 'none' }
  | { readonly kind: 'looking'; readonly reference: string }
  | { readonly kind: 'found'; readonly reference: string; readonly models: readonly HubModel[] }
  | { readonly kind: 'failed'; readonly reference: string; readonly failure: Failure };

export interface HubPorts {
  list(reference: string, options: HubListOptions): Promise<readonly HubModel[]>;
  reportError(error: unknown): void;
}

/** The models of the repository that was asked for last. A token is kept for as long as the page is open, and nowhere else. */
export class HubList {
  #state: HubState = { kind: 'none' };
  #token: string | null = null;
  /** The look in force; an older one finds another value here and keeps quiet. */
  #looking: AbortController | null = null;

  constructor(
    private readonly ports: HubPorts,
    private readonly changed: () => void,
  ) {}

  get state(): HubState {
    return this.#state;
  }

  /** For the hub alone; `null`: none was given. */
  get token(): string | null {
    return this.#token;
  }

  /** @param token takes the place of the one given before; `undefined`: that one */
  async show(reference: string, token?: string): Promise<void> {
    if (token !== undefined) this.#token = token.trim() === '' ? null : token.trim();
    this.#looking?.abort();
    const looking = new AbortController();
    this.#looking = looking;
    this.#enter({ kind: 'looking', reference });
    const hubToken = this.#token;
    try {
      const { signal } = looking;
      const models = await this.ports.list(reference, { signal, ...(hubToken === null ? {} : { hubToken }) });
      if (this.#looking === looking) this.#enter({ kind: 'found', reference, models });
    } catch (error) {
      if (this.#looking !== looking) return;
      const failure = failureOf(error);
      if (failure.code === 'unexpected') this.ports.reportError(error);
      this.#enter({ kind: 'failed', reference, failure });
    }
  }

  /** Forgets what was found. */
  leave(): void {
    this.#looking?.abort();
    this.#looking = null;
    if (this.#state.kind !== 'none') this.#enter({ kind: 'none' });
  }

  #enter(state: HubState): void {
    this.#state = state;
    this.changed();
  }
}
