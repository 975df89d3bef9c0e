import type { Clock } from '../base/clock';
import type { ModelEntries } from './model-entries';
import type { StorePorts } from './store-ports';

/** What all parts of one store work with. */
export interface StoreDeps {
  readonly ports: StorePorts;
  readonly entries: ModelEntries;
  readonly clock: Clock;
  /** How many bytes of a download of this size come between two entries of its journal. */
  readonly journalGrain: (sizeBytes: number) => number;
  /** What else can be done where there is no room: a sentence. */
  readonly otherwise: string;
  /** Hears of failures that are no reason to fail. */
  readonly report: (error: unknown) => void;
}
