/** The error of a call that its own signal ended: what `fetch` would reject with, always a `DOMException`. */
export function abortErrorOf(signal: AbortSignal): DOMException {
  return signal.reason instanceof DOMException ? signal.reason : abortError('The call was aborted.');
}

/** An `AbortError` for requests ended from elsewhere, by `engine.cancel`. */
export function abortError(message: string): DOMException {
  return new DOMException(message, 'AbortError');
}

/** Throws the signal's abort error if it has fired. */
export function throwIfAborted(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted === true) throw abortErrorOf(signal);
}

/** Calls `listener` when the signal fires; the returned function takes it back. A signal that has fired already calls nothing. */
export function onAbort(signal: AbortSignal | null | undefined, listener: (error: DOMException) => void): () => void {
  if (signal === null || signal === undefined) return () => undefined;
  const onEvent = (): void => listener(abortErrorOf(signal));
  signal.addEventListener('abort', onEvent, { once: true });
  return () => signal.removeEventListener('abort', onEvent);
}
