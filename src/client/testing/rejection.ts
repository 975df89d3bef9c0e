/** What `promise` is rejected with; begins to wait at once. Fails where it is fulfilled. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => Promise.reject(new Error(`it was fulfilled with ${JSON.stringify(value)}`)),
    (error: unknown) => error,
  );
}
