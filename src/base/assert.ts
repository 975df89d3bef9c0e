/** A broken invariant of our own code: never a user's mistake, never caught to go on. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws `InvariantError` when `condition` does not hold. For programming errors only; bad input throws `ForgelightError`. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Makes a `switch` over a union exhaustive at compile time, and loud at run time. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected value: ${JSON.stringify(value)}`);
}

/** The value, or an `InvariantError` naming what is missing. For lookups that an invariant guarantees. */
export function defined<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new InvariantError(`missing: ${what}`);
  return value;
}
