import { heard, UNKNOWN, type Health } from './health';
import { UpstreamCall, type CallOptions } from './upstream-call';
import { answerFailure, isRecord, UpstreamFailure } from './upstream-failure';
import type { UpstreamAddress } from './upstream-url';

export interface UpstreamPorts extends CallOptions {
  /** Gives numbers from 0 to below 1: checks of several daemons do not come all at once. */
  readonly random: () => number;
  readonly key: string | null;
  /** Between checks of one that is as it was; whoever is to be heard again soon is checked `SOON_PART` as long. */
  readonly checkEveryMs: number;
  readonly onChange: (upstream: Upstream) => void;
}

const MAX_MODELS_BYTES = 4_000_000;
/** A list of models comes at once, or there is something wrong. */
const CHECK_LIMIT_MS = 5_000;
const SOON_PART = 1 / 8;

/** One server and what is known of it. Owns its checks, from `start` to `stop`. */
export class Upstream {
  private health: Health = UNKNOWN;
  /** As last listed; `null` before. */
  modelIds: readonly string[] | null = null;
  /** Why it is down. */
  failure: UpstreamFailure | null = null;
  private readonly stopped = new AbortController();
  private stopTimer = (): void => undefined;
  private running: Promise<UpstreamFailure | null> | null = null;

  constructor(
    readonly address: UpstreamAddress,
    private readonly ports: UpstreamPorts,
  ) {}

  get status(): Health['status'] {
    return this.health.status;
  }

  /** Checks now, and then again and again. */
  start(): void {
    void this.check().then(() => {
      if (this.stopped.signal.aborted) return;
      const { clock, random, checkEveryMs } = this.ports;
      const isSettled = this.health.status === 'up' && this.health.against === 0;
      const delayMs = checkEveryMs * (isSettled ? 1 : SOON_PART) * (0.9 + random() / 5);
      this.stopTimer = clock.after(delayMs, () => this.start());
    });
  }

  stop(): void {
    this.stopTimer();
    this.stopped.abort(new DOMException('The daemon ends.', 'AbortError'));
  }

  /** Asks for its models; never rejects, but gives why it has not told them. Who asks while it is being asked waits for the same answer. */
  check(): Promise<UpstreamFailure | null> {
    this.running ??= this.checkOnce().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** A request or a check has heard from it, or has not. */
  hear(failure: UpstreamFailure | null): void {
    const before = this.health.status;
    this.health = heard(this.health, failure === null || failure.isUp);
    if (failure !== null && !failure.isUp) this.failure = failure;
    if (this.health.status === 'up') this.failure = null;
    if (this.health.status !== before) this.ports.onChange(this);
  }

  /** Headers of every request to it. */
  headers(): Record<string, string> {
    const { key } = this.ports;
    return key === null ? {} : { authorization: `Bearer ${key}` };
  }

  private async checkOnce(): Promise<UpstreamFailure | null> {
    const { signal } = this.stopped;
    if (signal.aborted) return null;
    try {
      this.modelIds = await this.list(signal);
      this.hear(null);
      return null;
    } catch (error) {
      if (error instanceof UpstreamFailure) {
        this.hear(error);
        return error;
      }
      if (signal.aborted) return null;
      throw error;
    }
  }

  private async list(signal: AbortSignal): Promise<readonly string[]> {
    const { key } = this.ports;
    const options = { ...this.ports, firstMs: CHECK_LIMIT_MS, stallMs: CHECK_LIMIT_MS };
    const url = `${this.address.baseUrl}/models`;
    const { call, response } = await UpstreamCall.open(options, url, { headers: this.headers() }, signal);
    try {
      const text = await call.text(MAX_MODELS_BYTES);
      if (!response.ok) {
        const failure = answerFailure(response.status, text, { headers: response.headers, secret: key });
        const { code, message, retryAfterMs, isRateLimit } = failure;
        throw new UpstreamFailure(code, message, { remedy: 'again', isUp: false, retryAfterMs, isRateLimit });
      }
      return modelIdsOf(text);
    } finally {
      call.close();
    }
  }
}

/** `{data: [{id}]}`. */
function modelIdsOf(text: string): readonly string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw noOpenAi(cause);
  }
  if (!isRecord(parsed) || !Array.isArray(parsed['data'])) throw noOpenAi();
  return (parsed['data'] as readonly unknown[])
    .map((each) => (isRecord(each) ? each['id'] : null))
    .filter((id) => typeof id === 'string');
}

function noOpenAi(cause?: unknown): UpstreamFailure {
  const what = 'gives no list of models at /v1/models. Is it an OpenAI-compatible server?';
  return new UpstreamFailure('network', what, { remedy: 'again', isUp: false, cause });
}
