import type { ForgelightError } from '../../src/base/errors';
import { lostAgain } from '../../src/engine/failures';

/** What the engine says of a request under which two devices were lost in a row. */
export function lostTwice(): ForgelightError {
  return lostAgain(new Error('the driver fell over'));
}
