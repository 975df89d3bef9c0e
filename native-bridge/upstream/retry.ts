import type { Clock } from '../../src/base/clock';
import { pause } from '../../src/store/waiting';
import type { Upstream } from './upstream';
import { toldOfAll, UpstreamFailure, type FailedUpstream } from './upstream-failure';

export interface RetryPorts {
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1, for the jitter. */
  readonly random: () => number;
  readonly onRetry: (upstream: Upstream, failure: UpstreamFailure) => void;
}

/** So often each upstream is asked, while it fails in ways that may pass. */
const ROUNDS = 4;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;
/** An upstream that asks for more patience is not waited for. */
const LONGEST_RETRY_AFTER_MS = 20_000;

interface Candidate {
  readonly upstream: Upstream;
  notBeforeMs: number;
  isOut: boolean;
}

/**
 * What the first upstream gives that can: those that are up come first, in the order that the user gave them. When all have failed, it waits, longer
 * each time, and begins again with those that may do better. Throws the last failure, with the upstream's name in it (`toldOfAll`), or the signal's reason.
 * `attempt` must not have told anybody anything when it fails.
 */
export async function firstThatCan<T>(
  upstreams: readonly Upstream[],
  attempt: (upstream: Upstream) => Promise<T>,
  ports: RetryPorts,
  signal: AbortSignal,
): Promise<T> {
  const { clock, random } = ports;
  const candidates = upstreams.map((upstream): Candidate => ({ upstream, notBeforeMs: 0, isOut: false }));
  /** Each one's latest failure, the latest of all first. */
  let failed: readonly FailedUpstream[] = [];
  for (let round = 1; ; round++) {
    for (const candidate of inOrder(candidates)) {
      if (candidate.notBeforeMs > clock.now()) continue;
      signal.throwIfAborted();
      try {
        const result = await attempt(candidate.upstream);
        candidate.upstream.hear(null);
        return result;
      } catch (error) {
        signal.throwIfAborted();
        const { name } = candidate.upstream.address;
        failed = [{ name, failure: judge(candidate, error, ports) }, ...failed.filter((each) => each.name !== name)];
      }
    }
    const waiting = candidates.filter(({ isOut }) => !isOut);
    if (waiting.length === 0 || round === ROUNDS) throw toldOfAll(failed);
    const askedMs = Math.min(...waiting.map(({ notBeforeMs }) => notBeforeMs)) - clock.now();
    if (askedMs > LONGEST_RETRY_AFTER_MS) throw toldOfAll(failed);
    const backoffMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (round - 1)) * (0.5 + random() / 2);
    await pause(clock, Math.max(askedMs, backoffMs), signal);
  }
}

/** Notes what a failure means for the upstream and this request; throws where no upstream would do better. */
function judge(candidate: Candidate, error: unknown, { clock, onRetry }: RetryPorts): UpstreamFailure {
  if (!(error instanceof UpstreamFailure)) throw error;
  const { upstream } = candidate;
  upstream.hear(error);
  if (error.remedy === 'none') throw error.told(upstream.address.name);
  candidate.isOut = error.remedy === 'elsewhere';
  candidate.notBeforeMs = clock.now() + (error.retryAfterMs ?? 0);
  onRetry(upstream, error);
  return error;
}

/** One that is down is asked last: what was heard of it may be old. */
function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
  const ranks = { up: 0, unknown: 1, down: 2 };
  return candidates
    .filter(({ isOut }) => !isOut)
    .toSorted((a, b) => ranks[a.upstream.status] - ranks[b.upstream.status]);
}
