/** Where the worker's script is when the package runs as it was built: beside the module that holds this line. */
export function defaultWorkerUrl(): URL {
  return new URL(/* @vite-ignore */ './worker.js', import.meta.url);
}
