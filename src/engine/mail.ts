import type { RequestId } from '../base/ids';
import type { Task } from '../protocol/commands';
import type { Outcome } from '../protocol/events';
import type { Listener } from './outbox';
import type { Runner } from './runner';

/** What the actor's mailbox takes; obeyed in order, between steps. */
export type Mail =
  | {
      readonly type: 'submit';
      readonly listener: Listener;
      readonly task: Task;
      readonly submittedAtMs: number;
    }
  | { readonly type: 'cancel'; readonly id: RequestId }
  /** One certain request, not whoever bears its id by then. */
  | { readonly type: 'end'; readonly id: RequestId; readonly generation: number; readonly outcome: Outcome }
  | { readonly type: 'lost'; readonly runner: Runner; readonly error: unknown }
  | { readonly type: 'blocked'; readonly retryAtMs: number }
  | { readonly type: 'restored'; readonly runner: Runner }
  | { readonly type: 'gone'; readonly error: unknown }
  | { readonly type: 'close'; readonly closed: () => void };
