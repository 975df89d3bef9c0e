import { errorToData, type ErrorData } from '../../base/errors';
import type { EngineEvent } from '../../protocol/engine-events';
import type { EngineState } from '../../protocol/snapshot';
import type { BridgeHttp } from './bridge-http';
import type { BridgeScope } from './bridge-scope';
import type { PlaceNews } from './engine-place';
import { isBreak } from './breaks';

/** A stream that broke after less time is the second miss, and not the first. */
const STEADY_MS = 10_000;

type News = Exclude<EngineEvent, { type: 'request' }>;

export interface WatchParts {
  readonly http: BridgeHttp;
  readonly path: string;
  readonly scope: Pick<BridgeScope, 'clock' | 'sight'>;
  readonly news: PlaceNews;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * Hears what the daemon says of its engine, so that its end is known without asking. It holds a connection while somebody sees the page, and no
 * other time: browsers have six for all their tabs. A stream that breaks is opened once more at once; where that fails too, the daemon is gone.
 */
export class BridgeWatch {
  /** As it was told last. */
  private state: News['type'] | EngineState = 'ready';
  private misses = 0;

  constructor(private readonly parts: WatchParts) {}

  begin(): void {
    void this.run();
  }

  private async run(): Promise<void> {
    const { news, scope, signal } = this.parts;
    for (;;) {
      await this.seen();
      if (signal.aborted) return;
      const beganAtMs = scope.clock.now();
      const error = await this.listen();
      if (signal.aborted) return;
      if (error === null) continue; // nobody looks
      if (!isBreak(error)) return; // an older daemon, which tells nothing
      if (scope.clock.now() - beganAtMs >= STEADY_MS) this.misses = 0;
      this.misses += 1;
      if (this.misses > 1) return news.broke(error);
    }
  }

  /** Resolves when somebody sees the page, or the watch ends. */
  private seen(): Promise<void> {
    const { scope, signal } = this.parts;
    return new Promise((resolve) => {
      if (scope.sight.isSeen() || signal.aborted) return resolve();
      const look = (): void => {
        if (!scope.sight.isSeen() && !signal.aborted) return;
        forget();
        signal.removeEventListener('abort', look);
        resolve();
      };
      const forget = scope.sight.onChange(look);
      signal.addEventListener('abort', look);
    });
  }

  /** Until it breaks, with why; `null`: until nobody sees the page any more. */
  private async listen(): Promise<ErrorData | null> {
    const { http, path, scope, signal } = this.parts;
    const hidden = new AbortController();
    const forget = scope.sight.onChange(() => {
      if (!scope.sight.isSeen()) hidden.abort();
    });
    try {
      for await (const frame of http.frames(path, { signal: AbortSignal.any([signal, hidden.signal]) })) {
        if (!signal.aborted) this.hear(frame);
      }
      return { code: 'bridge-unreachable', message: 'The bridge says no more of its engine.' };
    } catch (error) {
      return hidden.signal.aborted ? null : errorToData(error, 'bridge-unreachable');
    } finally {
      forget();
    }
  }

  /** What is no news, as each stream's beginning may be, is told nobody. */
  private hear(frame: unknown): void {
    const event = newsOf(frame);
    if (event === null) return;
    if (event.type === 'state' || event.type === 'unloaded') {
      const state = event.type === 'state' ? event.state : event.type;
      if (state === this.state) return;
      this.state = state;
    }
    this.parts.news.event(event);
  }
}

const STATES = ['loading', 'ready', 'lost', 'blocked', 'gone'] as const;

interface Frame {
  readonly type?: unknown;
  readonly state?: unknown;
  readonly retryAtMs?: unknown;
  readonly error?: { readonly message?: unknown } | null;
}

/** `null`: it is none, or a newer daemon's. What a socket says may be anybody's. */
function newsOf(frame: unknown): News | null {
  const { type, ...about } = (frame ?? {}) as Frame;
  switch (type) {
    case 'state': {
      const state = STATES.find((known) => known === about.state);
      const retryAtMs = typeof about.retryAtMs === 'number' ? about.retryAtMs : null;
      if (state === undefined || (state === 'blocked' && retryAtMs === null)) return null;
      const said = about.error?.message;
      const message = typeof said === 'string' ? said : 'The engine of the bridge has ended.';
      return { type, state, retryAtMs, error: state === 'gone' ? { code: 'closed', message } : null };
    }
    case 'lost':
    case 'unloaded':
      return { type };
    case 'restored':
      return frame as News; // whoever takes its information looks at it
    default:
      return null;
  }
}
