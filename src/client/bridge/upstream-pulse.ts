import type { Clock } from '../../base/clock';
import { errorToData, type ErrorData } from '../../base/errors';
import type { Sight } from './bridge-scope';
import type { BridgeHttp } from './bridge-http';
import { isRefusal } from './breaks';
import { notPaired } from './why-unreachable';

/** How often it is looked, while somebody sees the page. */
const LOOK_MS = 10_000;

export interface PulseParts {
  readonly http: BridgeHttp;
  readonly url: string;
  readonly clock: Clock;
  readonly sight: Sight;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told once; it ends with that. */
  readonly gone: (error: ErrorData) => void;
}

/**
 * Whether a daemon that passes requests on is there. It has no engine whose news could be heard, so it is asked. One call that fails may be a
 * bad moment: the second in a row is its end.
 */
export class UpstreamPulse {
  private misses = 0;
  private isLooking = false;
  private stop = (): void => undefined;

  constructor(private readonly parts: PulseParts) {
    parts.signal.addEventListener('abort', () => this.stop());
    this.wait();
  }

  /** A request has found nobody: it is looked at once. */
  missed(): void {
    this.misses = 1;
    this.stop();
    if (!this.isLooking) void this.look();
  }

  private wait(): void {
    const { clock, sight, signal } = this.parts;
    if (signal.aborted) return;
    this.stop = clock.after(LOOK_MS, () => void (sight.isSeen() ? this.look() : this.wait()));
  }

  private async look(): Promise<void> {
    const { http, url, signal, gone } = this.parts;
    let error: ErrorData | null = null;
    this.isLooking = true;
    try {
      const hello = (await http.json('/v1/hello', { signal })) as { readonly paired?: unknown } | null;
      if (hello?.paired !== true) error = errorToData(notPaired(url), 'not-paired');
    } catch (caught) {
      error = errorToData(caught, 'bridge-unreachable');
    }
    this.isLooking = false;
    if (signal.aborted) return;
    this.misses = error === null ? 0 : this.misses + 1;
    if (error !== null && (this.misses > 1 || isRefusal(error))) gone(error);
    else this.wait();
  }
}
