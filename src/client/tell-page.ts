/** Calls the page's own listener. What it throws is the page's, not that of the call which it listens to. */
export function tellPage<T>(listener: ((value: T) => void) | null | undefined, value: T): void {
  try {
    listener?.(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
