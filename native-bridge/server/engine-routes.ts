import * as v from 'valibot';
import type { Clock } from '../../src/base/clock';
import { errorFromData, ForgelightError } from '../../src/base/errors';
import type { EngineInfo, HostRequest, Result } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import type { LoadProgress } from '../../src/protocol/progress';
import { object } from '../../src/protocol/schema-fields';
import { parseInput } from '../../src/protocol/schema-parse';
import { isEngineBackend, type Backend, type EngineBackend, type LentEngine } from './backend';
import { variantOf } from './body-schema';
import { engineNews, isLoaded } from './engine-news';
import { sendEvents } from './event-stream';
import { toWire } from './event-wire';
import { deviceOf, nameDevice, type Exchange, type Route, type Routes } from './exchange';
import { asksOf } from './openai-routes';
import { checkPageName } from './page-names';
import { readPort } from './port-events';
import { atMost, orAborted } from './waiting';

const tokenIds = v.array(
  v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(0, 'must not be negative')),
  'must be token ids',
);
const modelName = v.pipe(v.string('must be text'), v.maxLength(1024, 'must be a model’s name'));
const body = v.unknown();
/** The shape alone: what bodies say is read by the engine itself, with the schema that pages have. */
const hostRequest = v.variant('kind', [
  variantOf({ kind: v.literal('chat'), body }),
  variantOf({ kind: v.literal('completion'), body }),
  variantOf({
    kind: v.literal('resume'),
    of: v.picklist(['chat', 'completion']),
    body,
    seed: v.number('must be a number'),
    promptIds: tokenIds,
    emittedIds: tokenIds,
  }),
  variantOf({
    kind: v.literal('evaluate'),
    ids: tokenIds,
    positions: v.union([v.picklist(['last', 'all']), tokenIds]),
  }),
  variantOf({ kind: v.literal('embed'), body, param: v.string('must be text') }),
]);
const submitting = object({ model: modelName, request: hostRequest });
const tokenizing = object({
  model: modelName,
  text: v.string('must be text'),
  addSpecial: v.optional(v.boolean('must be true or false'), true),
  parseSpecial: v.optional(v.boolean('must be true or false'), true),
});
const detokenizing = object({ model: modelName, ids: tokenIds });

/** How often a load's progress is looked at. */
const PROGRESS_MS = 100;

/** Far above the numbers that anybody else gives to requests of the same engine. */
let lastRequest = 1_000_000_000;

/** What is lent of the engine on this computer, so that a page can hand its requests over by their tokens, in either direction. */
export function engineRoutes(backend: Backend, clock: Clock): Routes {
  const lend = (exchange: Exchange, model: string): Promise<LentEngine> => engineOf(backend, exchange, model);
  const route = (isWork: boolean, answer: Route['answer']): Route => ({ access: 'granted', isWork, answer });
  const asked = <T>(ask: (engine: LentEngine) => Promise<Result<T>>): Route =>
    route(false, async (exchange) => {
      const engine = await lend(exchange, modelOf(exchange));
      await exchange.outlet.json(200, unwrap(await orAborted(ask(engine), exchange.signal)));
    });
  return {
    'GET /v1/engine': route(false, (exchange) => sendEngine(exchange, backend, clock)),
    'GET /v1/engine/fit': route(true, async (exchange) => {
      const { grant, signal, outlet } = exchange;
      const model = modelOf(exchange);
      const lender = lenderOf(backend, exchange, model);
      await outlet.json(200, await orAborted(lender.checkFit(model, { signal, asks: asksOf(grant) }), signal));
    }),
    'POST /v1/engine/submit': route(true, async (exchange) => {
      const { model, request } = parseInput(submitting, await exchange.body(), 'the body');
      await sendRequest(exchange, lend(exchange, model), request as HostRequest, backend, clock);
    }),
    'POST /v1/engine/tokenize': route(false, async (exchange) => {
      const { model, text, ...options } = parseInput(tokenizing, await exchange.body(), 'the body');
      const { host } = await lend(exchange, model);
      await exchange.outlet.json(200, { ids: unwrap(await orAborted(host.tokenize(text, options), exchange.signal)) });
    }),
    'POST /v1/engine/detokenize': route(false, async (exchange) => {
      const { model, ids } = parseInput(detokenizing, await exchange.body(), 'the body');
      const { host } = await lend(exchange, model);
      await exchange.outlet.json(200, { text: unwrap(await orAborted(host.detokenize(ids), exchange.signal)) });
    }),
    'GET /v1/engine/snapshot': asked(({ host }) => host.snapshot()),
    'GET /v1/engine/stats': asked(({ host }) => host.stats()),
    'GET /v1/engine/events': {
      ...route(false, async (exchange) => {
        const model = modelOf(exchange);
        const lender = lenderOf(backend, exchange, model);
        const isThere = (): Promise<boolean> => isLoaded(lender, model);
        const events = engineNews({
          isThere,
          lend: () => lend(exchange, model),
          backend,
          clock,
          signal: exchange.signal,
        });
        await sendEvents(exchange, events, { clock, encode: toWire, onBegin: () => undefined });
      }),
      isWatch: true,
    },
  };
}

/** Makes the model ready, and tells how far that is to whoever wants to hear it. */
async function sendEngine(exchange: Exchange, backend: Backend, clock: Clock): Promise<void> {
  const { head, outlet } = exchange;
  const model = modelOf(exchange);
  if (!/\btext\/event-stream\b/.test(head.headers.get('accept') ?? '')) {
    const { info } = await engineOf(backend, exchange, model);
    nameDevice(exchange, deviceOf(backend));
    await outlet.json(200, info);
    return;
  }
  const opening = engineOf(backend, exchange, model);
  await sendEvents(exchange, loadNews(opening, backend, clock), {
    clock,
    encode: toWire,
    onBegin: () => undefined,
  });
}

type LoadNews = ({ readonly type: 'progress' } & LoadProgress) | { readonly type: 'ready'; readonly info: EngineInfo };

/** How far a load is, as often as a page shows it, and its end. Rejects as the load does. */
async function* loadNews(opening: Promise<LentEngine>, backend: Backend, clock: Clock): AsyncGenerator<LoadNews> {
  let isOpen = false;
  const opened = opening.then(() => void (isOpen = true));
  let told: LoadProgress | null = null;
  for (;;) {
    await atMost(opened, clock, PROGRESS_MS);
    if (isOpen) break;
    const state = backend.state();
    const progress = state.status === 'loading' ? (state.progress ?? null) : null;
    if (progress !== null && progress !== told) yield { type: 'progress', ...progress };
    told = progress;
  }
  yield { type: 'ready', info: (await opening).info };
}

/** A request's events as they come, once the model is there: a load that takes long keeps the socket alive. The end of the socket is the end of the request. */
async function sendRequest(
  exchange: Exchange,
  opening: Promise<LentEngine>,
  request: HostRequest,
  backend: Backend,
  clock: Clock,
): Promise<void> {
  const id = (lastRequest += 1);
  const { port, events, close } = readPort<RequestEvent>(({ type }) => type === 'ended');
  const submitted: LentEngine['host'][] = [];
  let hasEnded = false;
  async function* answer(): AsyncGenerator<RequestEvent> {
    const { host } = await opening;
    // Who left in that very moment has nobody left to cancel for him.
    exchange.signal.throwIfAborted();
    submitted.push(host);
    host.submit(id, request, port);
    yield* events;
  }
  const onBegin = (first: RequestEvent | null): void => {
    if (first !== null) nameDevice(exchange, deviceOf(backend)); // else it loads still
  };
  const encode = (event: RequestEvent): string => {
    hasEnded ||= event.type === 'ended';
    return toWire(event);
  };
  try {
    await sendEvents(exchange, answer(), { clock, encode, onBegin });
  } finally {
    for (const host of submitted) if (!hasEnded) await host.cancel(id);
    close();
  }
}

async function engineOf(backend: Backend, exchange: Exchange, model: string): Promise<LentEngine> {
  const { grant, signal } = exchange;
  return orAborted(lenderOf(backend, exchange, model).engine(model, { signal, asks: asksOf(grant) }), signal);
}

/** Who lends the model, or why nobody does: no engine runs here, or it was asked for by a name that is not the asker's to use. */
function lenderOf(backend: Backend, { grant }: Exchange, model: string): EngineBackend {
  if (isEngineBackend(backend)) {
    checkPageName(model, asksOf(grant), backend);
    return backend;
  }
  const message =
    backend.kind === 'none'
      ? 'No device of this computer answers here: load the model in the page, with WebGPU.'
      : 'No engine runs on this computer: its answers come from elsewhere, by /v1/chat/completions. What fits there, that server knows.';
  throw new ForgelightError(backend.kind === 'none' ? 'no-adapter' : 'missing-feature', message);
}

function modelOf({ head }: Exchange): string {
  const model = head.query.get('model');
  if (model !== null && model !== '') return model;
  throw new ForgelightError('invalid-request', 'The model is missing: add ?model=sha256:…', { param: 'model' });
}

function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw errorFromData(result.error);
}
