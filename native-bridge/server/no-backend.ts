import { ForgelightError } from '../../src/base/errors';
import type { Backend, BackendState, ListedModel } from './backend';

/** Where nothing on this computer answers: each call says so, and the page uses its own WebGPU. */
export class NoBackend implements Backend {
  readonly kind = 'none';

  /** `why`: a sentence that says what to do. */
  constructor(private readonly why: string) {}

  state(): BackendState {
    return { status: 'failed', error: { code: 'no-adapter', message: this.why } };
  }

  models(): Promise<readonly ListedModel[]> {
    return Promise.resolve([]);
  }

  chat(): Promise<never> {
    return this.refuse();
  }

  complete(): Promise<never> {
    return this.refuse();
  }

  embed(): Promise<never> {
    return this.refuse();
  }

  metrics(): Readonly<Record<string, number>> {
    return {};
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private refuse(): Promise<never> {
    return Promise.reject(new ForgelightError('no-adapter', this.why));
  }
}
