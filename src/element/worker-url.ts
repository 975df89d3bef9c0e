/** Where the worker's script is when the package runs as it was built: one folder above the module that holds this line. */
export function elementWorkerUrl(): URL {
  return new URL(/* @vite-ignore */ '../worker.js', import.meta.url);
}
