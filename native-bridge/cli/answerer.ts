import { errorFromData, ForgelightError } from '../../src/base/errors';
import type { ChatCompletionChunk } from '../../src/client/types';
import type { EngineStats } from '../../src/protocol/engine-port';
import type { LoadProgress } from '../../src/protocol/progress';
import { serverSentEvents } from '../../src/protocol/server-sent-events';
import { isEngineBackend, type Backend } from '../server/backend';
import { askDaemon, callDaemon, daemonError, unreachableDaemon } from '../state/ask-daemon';
import type { DaemonRecord } from '../state/daemon-file';

export interface AnswerOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/** What answers a command's questions: a daemon that runs, or a backend of this process. */
export interface Answerer {
  /** The chunks of OpenAI's chat completions; leaving early cancels. */
  chat(body: object, options: AnswerOptions): Promise<AsyncIterable<ChatCompletionChunk>>;
  /** In words; `null` before anything is loaded. */
  device(signal: AbortSignal): Promise<string | null>;
  /** Counters of the engine with this model; `null` where there is no engine here. */
  stats(model: string, signal: AbortSignal): Promise<EngineStats | null>;
  close(): Promise<void>;
}

/** Owns the backend. */
export function backendAnswerer(backend: Backend): Answerer {
  return {
    async chat(body, options) {
      const answer = await backend.chat({ ...body, stream: true }, { ...options, asks: 'native' });
      if (Symbol.asyncIterator in answer) return answer;
      throw new ForgelightError('network', 'The answer does not come as a stream.');
    },
    device: () => {
      const state = backend.state();
      return Promise.resolve(state.status === 'ready' ? state.device : null);
    },
    async stats(model, signal) {
      if (!isEngineBackend(backend)) return null;
      const { host } = await backend.engine(model, { signal, asks: 'native' });
      const result = await host.stats();
      if (result.ok) return result.value;
      throw errorFromData(result.error);
    },
    close: () => backend.close(),
  };
}

/** The daemon is not this process's, and goes on. */
export function daemonAnswerer(record: DaemonRecord, fetch: typeof globalThis.fetch): Answerer {
  const ask = (path: string, signal: AbortSignal): Promise<unknown> =>
    askDaemon(record, { method: 'GET', path, signal }, fetch);
  return {
    async chat(body, { signal }) {
      const call = { method: 'POST', path: '/v1/chat/completions', body: { ...body, stream: true }, signal } as const;
      const answer = await callDaemon(record, call, fetch);
      return chunksOf(answer, record, signal);
    },
    async device(signal) {
      const state = (await ask('/v1/admin/ps', signal)) as { state?: { device?: string } };
      return state.state?.device ?? null;
    },
    async stats(model, signal) {
      const { backend } = (await ask('/v1/admin/ps', signal)) as { backend?: string };
      if (backend !== 'engine') return null;
      return (await ask(`/v1/engine/stats?model=${encodeURIComponent(model)}`, signal)) as EngineStats;
    },
    close: () => Promise.resolve(),
  };
}

async function* chunksOf(
  { body }: Response,
  record: DaemonRecord,
  signal: AbortSignal,
): AsyncGenerator<ChatCompletionChunk, void> {
  try {
    for await (const { data } of serverSentEvents(body ?? new ReadableStream())) {
      if (data === '[DONE]') return;
      const chunk = JSON.parse(data) as ChatCompletionChunk & { readonly error?: unknown };
      if (chunk.error !== undefined && chunk.error !== null) throw daemonError(chunk, 'The daemon refused.');
      yield chunk;
    }
  } catch (error) {
    if (signal.aborted || error instanceof ForgelightError) throw error;
    throw unreachableDaemon(record, error); // it was killed
  }
  throw new ForgelightError('network', 'The daemon ended its answer too early. Look at its log, and ask again.');
}
