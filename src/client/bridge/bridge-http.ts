import { ERROR_CODES, ForgelightError, type ErrorCode } from '../../base/errors';
import { serverSentEvents } from '../../protocol/server-sent-events';
import { abortErrorOf, onAbort } from '../abort';
import type { BridgeScope } from './bridge-scope';
import { loopbackAddress } from './loopback';
import { Silence } from './silence';
import { whyUnreachable } from './why-unreachable';

const DEFAULT_URL = 'http://127.0.0.1:8788';

/** Without a slash at the end. Throws `invalid-request` for what is no address of a program on this computer. */
export function bridgeAddress(given: string | URL | null | undefined): string {
  const url = loopbackAddress(String(given ?? DEFAULT_URL));
  if (url !== null) return url;
  throw new ForgelightError(
    'invalid-request',
    'bridgeUrl must be an address of this computer, as http://127.0.0.1:8788: a bridge is used on its own computer alone.',
    { param: 'bridgeUrl' },
  );
}

export interface BridgeAddress {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | null;
  /** How long it may say nothing while something is expected of it. */
  readonly stallMs: number;
}

export interface BridgeCall {
  /** Sent as JSON, by POST. */
  readonly body?: object;
  readonly signal?: AbortSignal | null;
}

interface Patience {
  readonly signal: AbortSignal;
  /** Through which bytes pass that prove life. */
  readonly listener: () => TransformStream<Uint8Array, Uint8Array>;
  readonly end: () => void;
}

/** Calls to `forgelight serve`. Whatever fails is a `ForgelightError`, except that a signal of the caller's rejects with its `AbortError`. */
export class BridgeHttp {
  constructor(
    private readonly scope: BridgeScope,
    private readonly address: BridgeAddress,
  ) {}

  /** The JSON of an answer. */
  async json(path: string, call: BridgeCall = {}): Promise<unknown> {
    const patience = this.patience(call);
    try {
      const response = await this.ask(path, call, 'application/json', patience.signal);
      return await response.json();
    } catch (error) {
      throw await this.explained(error, path, patience.signal);
    } finally {
      patience.end();
    }
  }

  /**
   * Each frame of a stream as JSON, until `[DONE]`. Throws `bridge-unreachable` where the stream ends before, or says nothing for `stallMs`: the
   * daemon says that it lives where it has nothing else to say.
   */
  async *frames(path: string, call: BridgeCall = {}): AsyncGenerator<unknown, undefined> {
    const patience = this.patience(call);
    try {
      const { body } = await this.ask(path, call, 'text/event-stream', patience.signal);
      if (body === null) throw this.endedEarly();
      for await (const { data } of serverSentEvents(body.pipeThrough(patience.listener()))) {
        if (data === '[DONE]') return undefined;
        yield this.frame(data);
      }
      throw this.endedEarly();
    } catch (error) {
      throw await this.explained(error, path, patience.signal);
    } finally {
      patience.end();
    }
  }

  /** A call's signal, and how long it waits; `end` ends what still runs of it. */
  private patience({ signal }: BridgeCall): Patience {
    const abort = new AbortController();
    if (signal?.aborted === true) abort.abort(abortErrorOf(signal));
    const forget = onAbort(signal, (error) => abort.abort(error));
    const silence = new Silence(this.scope.clock, this.address.stallMs, () => abort.abort(this.stalled()));
    return {
      signal: abort.signal,
      listener: () =>
        new TransformStream({
          transform(chunk, controller) {
            silence.heard();
            controller.enqueue(chunk);
          },
        }),
      end: () => {
        silence.stop();
        forget();
        abort.abort();
      },
    };
  }

  private async ask(path: string, { body }: BridgeCall, accept: string, signal: AbortSignal): Promise<Response> {
    const { url, token } = this.address;
    const response = await this.scope.fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // It has one address, and nothing of this page is its business but the token.
      ...{ credentials: 'omit', redirect: 'error', cache: 'no-store', referrerPolicy: 'no-referrer', signal },
    });
    if (!response.ok) throw errorOfBody(await response.json().catch(() => null)) ?? this.strange(response.status);
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith(accept)) throw this.strange(response.status);
    return response;
  }

  private frame(data: string): unknown {
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch (error) {
      throw new ForgelightError('network', `The bridge at ${this.address.url} sent a frame that is not JSON.`, {
        cause: error,
      });
    }
    const error = errorOfBody(value);
    if (error !== null) throw error;
    return value;
  }

  private async explained(error: unknown, path: string, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return signal.reason;
    if (error instanceof ForgelightError) return error;
    return whyUnreachable(this.scope, { ...this.address, path, cause: error, signal });
  }

  private stalled(): ForgelightError {
    const { url, stallMs } = this.address;
    return new ForgelightError(
      'bridge-unreachable',
      `The bridge at ${url} said nothing for ${stallMs} ms. Look at its terminal.`,
    );
  }

  private endedEarly(): ForgelightError {
    return new ForgelightError(
      'bridge-unreachable',
      `The bridge at ${this.address.url} broke off in the middle of an answer.`,
    );
  }

  private strange(status: number): ForgelightError {
    return new ForgelightError(
      'bridge-unreachable',
      `What answers at ${this.address.url} (with status ${status}) is not “forgelight serve”. Look at the address.`,
    );
  }
}

/** The error that an answer or a frame holds, `null` where it holds none. */
function errorOfBody(value: unknown): ForgelightError | null {
  if (typeof value !== 'object' || value === null || !('error' in value)) return null;
  const { error } = value;
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return null;
  const { code, message } = error;
  if (!isErrorCode(code) || typeof message !== 'string') return null;
  const param = 'param' in error && typeof error.param === 'string' ? { param: error.param } : {};
  return new ForgelightError(code, message, param);
}

function isErrorCode(code: unknown): code is ErrorCode {
  return ERROR_CODES.some((known) => known === code);
}
