import { ForgelightError } from './errors';
import type { RequestId } from './ids';

/** What the waiter of a request is told when its state is no longer there: the same words in every host. */
export function requestGone(id: RequestId): ForgelightError {
  return new ForgelightError(
    'request-gone',
    `Request ${id} state disappeared during forward pass (may have been cancelled)`,
    { requestId: id },
  );
}
