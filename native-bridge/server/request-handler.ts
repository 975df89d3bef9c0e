import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../src/base/clock';
import { ForgelightError } from '../../src/base/errors';
import { checkAccess, grantOf } from './authenticate';
import type { AccessBook } from './access-book';
import { corsHeaders, preflightHeaders, refusalHeaders } from './cors';
import type { Route, Routes } from './exchange';
import { examine, type GuardRules, type PassedHead } from './guard';
import type { Limits } from './limits';
import type { LogEntry } from './log-ring';
import type { Metrics } from './metrics';
import { kindOf } from './origins';
import { Outlet } from './outlet';
import { readJson } from './read-body';
import { StatusError } from './status-error';
import { orAborted } from './waiting';

export interface HandlerParts {
  readonly rules: GuardRules;
  readonly routes: Routes;
  /** Answers what is no call: the chat page's files. */
  readonly page: Route;
  readonly book: AccessBook;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly log: (entry: LogEntry) => void;
}

/** Answers that are under way, by what ends them. */
type Live = Map<AbortController, Pick<Route, 'isWork' | 'isWatch'>>;

/** What log and metrics call whatever did not reach a route. */
const REFUSED = 'refused';
/** Who watches over the daemon is told that it ends, and the command that it is the daemon still. */
const ANSWERED_TO_THE_END = ['GET /health', 'GET /v1/admin/proof'];

/** Takes each request from its socket to its route, and ends it whatever happens. It owns all that are under way. */
export class RequestHandler {
  private readonly live: Live = new Map();
  /** Of them those whose bodies have not come yet. */
  private readonly reading = new Set<AbortController>();
  private readonly waiters = new Set<() => void>();
  private count = 0;
  private stopping = false;

  constructor(private readonly parts: HandlerParts) {}

  get rules(): GuardRules {
    return this.parts.rules;
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Answers under way. */
  get liveRequests(): number {
    return this.live.size;
  }

  /** Of them those that compute. */
  get liveWork(): number {
    return [...this.live.values()].filter(({ isWork }) => isWork).length;
  }

  /** From now on nothing is taken in, also no rest of a body, and who waits for news has the last of them. */
  refuseAll(): void {
    this.stopping = true;
    for (const [controller, { isWatch }] of this.live) {
      if (isWatch === true || this.reading.has(controller))
        controller.abort(new ForgelightError('closed', 'The daemon is about to end.'));
    }
  }

  /** Ends what is under way with an error that its clients are told. */
  endAll(error: ForgelightError): void {
    for (const controller of this.live.keys()) controller.abort(error);
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.live.size === 0 ? Promise.resolve() : new Promise((resolve) => void this.waiters.add(resolve));
  }

  /** Never rejects. `early`: a reason to refuse it that the socket knows. */
  async handle(request: IncomingMessage, response: ServerResponse, early: ForgelightError | null): Promise<void> {
    const { clock, limits, metrics, log } = this.parts;
    const id = `fl-${(this.count += 1)}`;
    const startedMs = clock.now();
    const outlet = new Outlet(response, { clock, ...limits, headers: { 'x-request-id': id } });
    const told: { route: string; grant?: string; failure?: string } = { route: REFUSED };
    const controller = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) controller.abort(new DOMException('The client went away.', 'AbortError'));
    });
    try {
      await this.answer({ request, response, outlet, controller, told, early });
    } catch (error) {
      told.failure = await this.fail(error, { request, outlet, controller });
    } finally {
      this.forget(controller);
    }
    const status = response.destroyed && !response.writableFinished ? 499 : outlet.status;
    metrics.countRequest(told.route, status);
    const level = status === 500 ? 'error' : 'debug';
    const ms = Math.round(clock.now() - startedMs);
    log({ level, event: 'request', id, ...told, status, ms, origin: request.headers.origin?.slice(0, 100) });
  }

  private async answer(one: OneRequest): Promise<void> {
    const { request, response, outlet, controller, told, early } = one;
    const { limits, book } = this.parts;
    if (early !== null) throw early;
    const head = this.examined(request, outlet);
    for (const [name, value] of Object.entries(corsHeaders(head))) outlet.setHeader(name, value);
    if (head.method === 'OPTIONS') {
      told.route = 'preflight';
      await outlet.empty(204, preflightHeaders(head));
      return;
    }
    const [name, route] = this.find(head, outlet);
    told.route = name;
    if (this.isStopping && !ANSWERED_TO_THE_END.includes(name))
      throw new ForgelightError('closed', 'The daemon is about to end.');
    const grant = grantOf(head, book);
    if (grant !== null) told.grant = grant.id;
    checkAccess(route.access, grant);
    if (route.isWork && this.liveWork >= limits.maxWork) {
      throw new ForgelightError('busy', `${limits.maxWork} requests are under way: try again when some have ended.`);
    }
    const release = grant === null ? () => undefined : book.hold(grant, (error) => controller.abort(error));
    this.live.set(controller, route);
    // Who is not known yet has little to say.
    const maxBytes = route.access === 'open' ? limits.maxOpenBodyBytes : limits.maxBodyBytes;
    const body = async (): Promise<unknown> => {
      this.reading.add(controller);
      return orAborted(readJson(request, response, maxBytes), controller.signal).finally(() =>
        this.reading.delete(controller),
      );
    };
    try {
      await route.answer({ head, grant, outlet, signal: controller.signal, body });
    } finally {
      release();
    }
  }

  private examined(request: IncomingMessage, outlet: Outlet): PassedHead {
    const { method = '', url: target = '', httpVersion, rawHeaders } = request;
    try {
      return examine({ method, target, httpVersion, rawHeaders }, this.rules);
    } catch (error) {
      for (const [name, value] of Object.entries(refusalHeaders(request, error))) outlet.setHeader(name, value);
      throw error;
    }
  }

  /** Its last word is said. */
  private forget(controller: AbortController): void {
    this.live.delete(controller);
    if (this.live.size > 0) return;
    for (const wake of this.waiters) wake();
    this.waiters.clear();
  }

  private find(head: PassedHead, outlet: Outlet): readonly [string, Route] {
    const { routes, page } = this.parts;
    const path = head.path.replace(/^(\/v1\/models\/).+/, '$1*');
    const name = `${head.method} ${path}`;
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
    if (route !== undefined) return [name, route];
    if (kindOf(head.path) === 'page' && head.method !== 'POST') return ['page', page];
    const others = ['GET', 'POST'].filter((method) => Object.hasOwn(routes, `${method} ${path}`));
    if (others.length === 0)
      throw new StatusError(404, 'invalid-request', 'There is no such call: see the daemon’s documentation.');
    outlet.setHeader('allow', others.join(', '));
    throw new StatusError(405, 'invalid-request', `This is called with ${others.join(' or ')}.`);
  }

  /** Tells the client, where there is one; gives what the log says. */
  private async fail(
    error: unknown,
    { request, outlet, controller }: Pick<OneRequest, 'request' | 'outlet' | 'controller'>,
  ): Promise<string> {
    const reason: unknown = controller.signal.reason;
    const isEnded = controller.signal.aborted && reason instanceof ForgelightError;
    const shown = isEnded ? reason : error;
    const text = shown instanceof Error ? `${shown.name}: ${shown.message}` : String(shown);
    // A body that nobody will read may be anything, also another request.
    if (!outlet.hasBegun && (!request.complete || this.isStopping)) outlet.setHeader('connection', 'close');
    try {
      await outlet.fail(shown);
    } catch {
      // The client went away as well: there is nobody to tell.
    }
    return text;
  }
}

interface OneRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly outlet: Outlet;
  readonly controller: AbortController;
  readonly told: { route: string; grant?: string };
  readonly early: ForgelightError | null;
}
