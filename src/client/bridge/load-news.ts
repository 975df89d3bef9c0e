import type { LoadProgress } from '../../protocol/progress';

const READY: LoadProgress = {
  ...{ phase: 'ready', loaded: 1, total: 1, bytesPerSecond: 0, etaSeconds: null, resumed: 0 },
};

/**
 * Passes on how far a load at the daemon is. The daemon looks ten times a second, so that it may not see the end, nor anything of a model that
 * it has loaded: each load ends with one `ready` all the same.
 */
export class LoadNews {
  private last: LoadProgress | null = null;

  constructor(private readonly tell: (progress: LoadProgress) => void) {}

  heard({ phase, loaded, total, bytesPerSecond, etaSeconds, resumed }: LoadProgress): void {
    this.last = { phase, loaded, total, bytesPerSecond, etaSeconds, resumed };
    if (phase !== 'ready') this.tell(this.last);
  }

  ended(): void {
    this.tell(this.last?.phase === 'ready' ? this.last : READY);
  }
}
