import type { Clock } from '../../src/base/clock';
import type { AccessBook } from './access-book';
import type { Backend } from './backend';
import type { Limits } from './limits';
import type { LogEntry } from './log-ring';
import type { PairingDesk, PendingPairing } from './pairing-desk';

export interface DaemonOptions {
  /** The address to listen on. */
  readonly host: string;
  /** Others under which it is reached, where it listens on several. */
  readonly otherNames: readonly string[];
  /** 0: any that is free. */
  readonly port: number;
  readonly version: string;
  readonly backend: Backend;
  readonly book: AccessBook;
  readonly desk: PairingDesk;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Where the built chat page lies. */
  readonly pageFolder: string;
  /** Origins that may start a pairing. */
  readonly mayPair: (origin: string) => boolean;
  readonly onPairing: (pairing: PendingPairing) => void;
  readonly onPaired: (origin: string, grantId: string) => void;
  readonly log: (entry: LogEntry) => void;
  /** Lines of the log that nobody will read. */
  readonly droppedLines: () => number;
}
