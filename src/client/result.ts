import { errorFromData } from '../base/errors';
import type { Result } from '../protocol/engine-port';

/** The value of a host's answer, or its error thrown as the class that users know. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw errorFromData(result.error);
}
