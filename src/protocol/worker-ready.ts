/**
 * What an engine's worker posts, once, after it has exposed its host: calls sent before would be lost when the script is still being
 * imported. Comlink takes no notice of it.
 */
export interface WorkerReady {
  readonly type: 'forgelight:worker-ready';
  /**
   * The Web Lock that the worker holds as long as it lives, because nothing else tells of its death. `null` where the browser allows
   * this origin no locks.
   */
  readonly lock: string | null;
}

export function isWorkerReady(data: unknown): data is WorkerReady {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'forgelight:worker-ready';
}
