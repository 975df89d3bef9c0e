import { ForgelightError } from '../../src/base/errors';
import type { Clock } from '../../src/base/clock';
import type { AskOptions, Backend, ListedModel } from './backend';
import { sendEvents } from './event-stream';
import { orAborted } from './waiting';
import { deviceOf, nameDevice, type Exchange, type Route, type Routes } from './exchange';

type Ask = (body: unknown, options: AskOptions) => Promise<object>;

/** OpenAI's calls, answered by a backend. */
export function openAiRoutes(backend: Backend, clock: Clock): Routes {
  const work = (ask: Ask): Route => ({
    access: 'granted',
    isWork: true,
    answer: (exchange) => answerWith(exchange, ask, backend, clock),
  });
  return {
    'GET /v1/models': {
      access: 'granted',
      isWork: false,
      answer: async ({ outlet, grant }) => {
        const asks = asksOf(grant);
        const models = await backend.models();
        await outlet.json(200, { object: 'list', data: models.map((model) => modelObject(model, asks)) });
      },
    },
    'POST /v1/chat/completions': work((body, options) => backend.chat(body, options)),
    'POST /v1/completions': work((body, options) => backend.complete(body, options)),
    'POST /v1/embeddings': work((body, options) => backend.embed(body, options)),
  };
}

export function asksOf(grant: Exchange['grant']): AskOptions['asks'] {
  return grant === null || grant.kind === 'page' ? 'page' : 'native';
}

/** Pages name models by hash, and are not told of files. */
function modelObject({ id, sha256, sizeBytes, isLoaded }: ListedModel, asks: AskOptions['asks']): object {
  const isNamedByHash = asks === 'page' && sha256 !== null;
  return {
    id: isNamedByHash ? `sha256:${sha256}` : id,
    object: 'model',
    created: 0,
    owned_by: 'forgelight',
    name: id,
    sha256,
    size_bytes: sizeBytes,
    is_loaded: isLoaded,
  };
}

async function answerWith(exchange: Exchange, ask: Ask, backend: Backend, clock: Clock): Promise<void> {
  const { outlet, signal } = exchange;
  const body = await exchange.body();
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ForgelightError('invalid-request', 'The body must be an object.');
  }
  const answer = await orAborted(ask(body, { signal, asks: asksOf(exchange.grant) }), signal);
  if (Symbol.asyncIterator in answer) {
    await sendEvents(exchange, answer as AsyncIterable<object>, {
      clock,
      encode: (chunk) => JSON.stringify({ ...chunk, device: deviceOf(backend) }),
      onBegin: () => nameDevice(exchange, deviceOf(backend)),
    });
    return;
  }
  const device = deviceOf(backend);
  nameDevice(exchange, device);
  await outlet.json(200, { ...answer, device });
}
