/** Pages that nobody sees have no frames. */
const HIDDEN_MS = 250;

/**
 * Resolves once the next frame is painted, or soon where none is: in a task of its own, which is not as long as the frame's and its own
 * together, and before what waits longer, where the browser can say so: tokens that come faster than they are taken would keep all from sight.
 */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HIDDEN_MS);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      if ('scheduler' in window) void scheduler.postTask(resolve, { priority: 'user-blocking' });
      else setTimeout(resolve);
    });
  });
}
