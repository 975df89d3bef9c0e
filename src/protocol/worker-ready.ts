/**
 * What an engine's worker posts, once, after it has exposed its host: calls sent before would be lost when the script is still being
 * imported. It is a plain string, which Comlink takes no notice of.
 */
export const WORKER_READY = 'forgelight:worker-ready';
