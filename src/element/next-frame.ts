/** Pages that nobody sees have no frames. */
const HIDDEN_MS = 250;

/** Resolves before the next frame is painted, or soon where none is. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HIDDEN_MS);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
