import { ForgelightError } from '../base/errors';
import type { EngineInfo, ModelReference } from '../protocol/engine-port';
import { parseTokenIds, parseTokenize } from '../protocol/request-schema';
import { assertListener } from './assert-listener';
import type { CalledHost } from './called-host';
import { createChatCompletions } from './chat-completions';
import { createEmbeddings } from './embeddings';
import { EngineWatch } from './engine-watch';
import { engineClosed, type Lifeline } from './lifeline';
import { unwrap } from './result';
import { Session } from './session';
import { createTextCompletions } from './text-completions';
import type { Engine } from './types';

/** How long a closing host may take to free its device before its worker is ended anyway. */
const CLOSE_GRACE_MS = 5000;

/** What the client knows of its host's worker. */
export interface HostWorker {
  /** Ends it; called once. */
  readonly dispose: () => void;
  /** How long it took to be there. */
  readonly startMs: number;
  /** Moves requests to another device, where the host has two. */
  readonly use?: Engine['use'];
  /** Numbers its requests; from 1 where it is the only one whose answers are told apart by that. */
  readonly nextRequest?: () => number;
  /** What the engine was created with: requests may name their model so. */
  readonly model?: ModelReference;
}

/** The engine that pages hold: it turns calls into requests to `host`. */
export function createEngineClient(
  host: CalledHost,
  info: EngineInfo,
  lifeline: Lifeline,
  { dispose, startMs, use = useNone, nextRequest = fromOne(), model }: HostWorker,
): Engine {
  const session = new Session(host, info, lifeline, nextRequest, model);
  const watch = new EngineWatch(host, lifeline);
  watch.on('restored', (event) => {
    session.info = event.info;
  });
  let closing: Promise<void> | null = null;
  return {
    get info() {
      return session.info;
    },
    chat: { completions: createChatCompletions(session) },
    completions: createTextCompletions(session),
    embeddings: createEmbeddings(session),
    async tokenize(text, options) {
      const input = parseTokenize({ text, options });
      return unwrap(await lifeline.guard(() => host.tokenize(input.text, input.options)));
    },
    async detokenize(ids) {
      lifeline.throwIfEnded();
      return session.detokenize([...parseTokenIds({ ids })]);
    },
    // Few ask for logits: fetched with the first call, where the build is in pieces.
    evaluate: async (ids, options) => (await import('./evaluate')).evaluate(session, ids, options),
    cancel: async (id) => {
      const number = requestNumber(id);
      return lifeline.guard(() => host.cancel(number));
    },
    on(type, listener) {
      assertListener(type, listener);
      return watch.on(type, listener);
    },
    use: (device) => lifeline.guard(() => use(device)),
    snapshot: async () => unwrap(await lifeline.guard(() => host.snapshot())),
    async stats() {
      const stats = unwrap(await lifeline.guard(() => host.stats()));
      return { ...stats, loadMs: { start: startMs, ...stats.loadMs } };
    },
    close() {
      closing ??= closeHost(host, lifeline, dispose);
      return closing;
    },
  };
}

/** Ends a host's engine with its worker, after a grace if need be. */
export async function closeHost(host: CalledHost, lifeline: Lifeline, dispose: () => void): Promise<void> {
  if (!lifeline.end(engineClosed())) return dispose(); // the worker broke: it would not answer
  let forgetTimer = (): void => undefined;
  const graceOver = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLOSE_GRACE_MS);
    forgetTimer = () => clearTimeout(timer);
  });
  try {
    await Promise.race([host.close(), graceOver]);
  } finally {
    forgetTimer();
    dispose();
  }
}

function fromOne(): () => number {
  let last = 0;
  return () => (last += 1);
}

function useNone(): Promise<never> {
  return Promise.reject(
    new ForgelightError('invalid-request', 'Create the engine with a bridgeUrl.', { param: 'device' }),
  );
}

/** 7 of `chatcmpl-7`, `cmpl-7`, or 7. */
function requestNumber(id: unknown): number {
  const number = typeof id === 'string' ? Number(/^(?:chatcmpl|cmpl)-(\d{1,15})$/.exec(id)?.[1] ?? NaN) : id;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number > 0) return number;
  throw new ForgelightError('invalid-request', 'requestId must be the id of an answer ("chatcmpl-7") or its number', {
    param: 'requestId',
  });
}
