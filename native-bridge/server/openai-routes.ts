import { ForgelightError } from '../../src/base/errors';
import type { Clock } from '../../src/base/clock';
import type { AskOptions, Backend, ListedModel } from './backend';
import { sendEvents } from './event-stream';
import { checkPageName } from './page-names';
import { StatusError } from './status-error';
import { orAborted } from './waiting';
import { deviceIn, deviceOf, nameDevice, type Exchange, type Route, type Routes } from './exchange';

type Ask = (body: unknown, options: AskOptions) => Promise<object>;

/** OpenAI's calls, answered by a backend. */
export function openAiRoutes(backend: Backend, clock: Clock): Routes {
  const work = (ask: Ask, canStream: boolean): Route => ({
    access: 'granted',
    isWork: true,
    answer: (exchange) => answerWith(exchange, ask, canStream, backend, clock),
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
    'GET /v1/models/*': {
      access: 'granted',
      isWork: false,
      answer: async ({ head, outlet, grant }) => {
        const asks = asksOf(grant);
        const wanted = modelIn(head.path);
        const listed = (await backend.models()).map((model) => modelObject(model, asks));
        const found = listed.find(
          ({ id, sha256 }) => id === wanted || (sha256 !== null && `sha256:${sha256}` === wanted),
        );
        if (found === undefined) {
          throw new StatusError(
            404,
            'invalid-request',
            'There is no such model: GET /v1/models has those that are here.',
            {
              param: 'model',
            },
          );
        }
        await outlet.json(200, found);
      },
    },
    'POST /v1/chat/completions': work((body, options) => backend.chat(body, options), true),
    'POST /v1/completions': work((body, options) => backend.complete(body, options), true),
    'POST /v1/embeddings': work((body, options) => backend.embed(body, options), false),
  };
}

export function asksOf(grant: Exchange['grant']): AskOptions['asks'] {
  return grant === null || grant.kind === 'page' ? 'page' : 'native';
}

/** What stands behind `/v1/models/`. */
function modelIn(path: string): string | null {
  try {
    return decodeURIComponent(path.slice('/v1/models/'.length));
  } catch {
    return null;
  }
}

/** A model as OpenAI lists it, and what else is known of it. */
interface ModelObject {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly name: string;
  readonly sha256: string | null;
  readonly size_bytes: number | null;
  readonly is_loaded: boolean;
  readonly missing_files?: readonly string[];
}

/** Pages name models by hash. */
function modelObject(model: ListedModel, asks: AskOptions['asks']): ModelObject {
  const { id, sha256, sizeBytes, isLoaded, missingFiles = [] } = model;
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
    ...(missingFiles.length > 0 && { missing_files: missingFiles }),
  };
}

/** An engine calls its model as its file does; whoever asked by another name hears that name again. */
function named(answer: object, body: object, backend: Backend): object {
  const model: unknown = 'model' in body ? body.model : null;
  if (backend.kind !== 'engine' || typeof model !== 'string' || model === '') return answer;
  if (!(Symbol.asyncIterator in answer)) return { ...answer, model };
  return renamed(answer as AsyncIterable<object>, model);
}

/** No generator: that could not be left while a chunk is waited for. */
function renamed(chunks: AsyncIterable<object>, model: string): AsyncIterable<object> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = chunks[Symbol.asyncIterator]();
      return {
        async next() {
          const result = await iterator.next();
          return result.done === true ? result : { value: { ...result.value, model }, done: false };
        },
        return: async () => (await iterator.return?.()) ?? { value: undefined, done: true },
      };
    },
  };
}

/** The pieces of an answer that may take long to begin, as while its model is loaded. */
function piecesOf(asked: Promise<object>): AsyncIterable<object> {
  const opened = asked.then((answer) => (answer as AsyncIterable<object>)[Symbol.asyncIterator]());
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => (await opened).next(),
      return: async () => (await (await opened).return?.()) ?? { value: undefined, done: true },
    }),
  };
}

async function answerWith(
  exchange: Exchange,
  ask: Ask,
  canStream: boolean,
  backend: Backend,
  clock: Clock,
): Promise<void> {
  const { outlet, signal } = exchange;
  const body = await exchange.body();
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ForgelightError('invalid-request', 'The body must be an object.');
  }
  const asks = asksOf(exchange.grant);
  checkPageName('model' in body ? body.model : null, asks, backend);
  const asked = orAborted(ask(body, { signal, asks }), signal).then((answer) => named(answer, body, backend));
  if (canStream && 'stream' in body && body.stream === true) {
    await sendEvents(exchange, piecesOf(asked), {
      clock,
      encode: (chunk) => JSON.stringify({ ...chunk, device: deviceIn(chunk, backend) }),
      onBegin: (first) => nameDevice(exchange, first === null ? deviceOf(backend) : deviceIn(first, backend)),
    });
    return;
  }
  const answer = await asked;
  const device = deviceIn(answer, backend);
  nameDevice(exchange, device);
  await outlet.json(200, { ...answer, device });
}
