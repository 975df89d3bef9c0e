import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { defined } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import { adminRoutes } from './admin-routes';
import { engineRoutes } from './engine-routes';
import { deviceOf, type Routes } from './exchange';
import { examine, ownHosts } from './guard';
import { healthRoutes } from './health-routes';
import { Metrics } from './metrics';
import { openAiRoutes } from './openai-routes';
import { pageRoute } from './page-route';
import { pairingRoutes } from './pairing-routes';
import { RequestHandler } from './request-handler';
import { errorAnswer, StatusError } from './status-error';
import type { DaemonOptions } from './daemon-options';
import { atMost } from './waiting';

/** When streams were told to end, they have so long to say it. */
const LAST_WORDS_MS = 1_000;

/**
 * The HTTP server of this computer. It owns its sockets and all requests on them; the backend, the book and the log are its caller's, who
 * closes them after `stop`.
 */
export class Daemon {
  private readonly answering = new WeakMap<Duplex, ServerResponse>();
  private stopped: Promise<void> | null = null;

  private constructor(
    readonly port: number,
    private readonly server: Server,
    private readonly handler: RequestHandler,
    private readonly options: DaemonOptions,
  ) {}

  /** Throws `invalid-request` where the port is taken or the address is not this computer's. */
  static async listen(options: DaemonOptions): Promise<Daemon> {
    const { limits } = options;
    const server = createServer({
      insecureHTTPParser: false,
      joinDuplicateHeaders: false,
      requireHostHeader: false, // the guard's to say: 421, as for a wrong one
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: limits.checkMs,
      noDelay: true,
    });
    server.maxHeadersCount = 0; // all of them reach the guard: behind a limit the parser forgets what follows
    server.maxConnections = limits.maxConnections;
    const connections = countConnections(server);
    const port = await bind(server, options.host, options.port);
    const handler = makeHandler(options, port, connections);
    const daemon = new Daemon(port, server, handler, options);
    daemon.attach();
    return daemon;
  }

  /** Ends in order: nothing more is taken in, what runs has `drainMs`, then it is told that it ends. Idempotent. */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    const { clock, limits, log } = this.options;
    this.handler.refuseAll();
    this.server.closeIdleConnections();
    log({ level: 'info', event: 'stopping', live: this.handler.liveRequests });
    await atMost(this.handler.idle(), clock, limits.drainMs);
    if (this.handler.liveRequests > 0) {
      log({ level: 'warn', event: 'drain-over', live: this.handler.liveRequests });
      this.handler.endAll(
        new ForgelightError('closed', 'The daemon has ended. Start it again, then send the message again.'),
      );
      await atMost(this.handler.idle(), clock, LAST_WORDS_MS);
    }
    const closed = new Promise<void>((resolve) => void this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private attach(): void {
    const { server } = this;
    const take = (request: IncomingMessage, response: ServerResponse): void => void this.take(request, response);
    server.on('request', take);
    // Both would else be answered before the guard has looked.
    server.on('checkContinue', take);
    server.on('checkExpectation', take);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => this.refuseSwitch(request, socket));
    server.on('connect', (request: IncomingMessage, socket: Duplex) => this.refuseSwitch(request, socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => this.refuseBroken(error, socket));
    server.on('drop', () => this.options.log({ level: 'warn', event: 'too-many-connections' }));
    // The system has no more sockets, for one: those that are there go on.
    server.on('error', ({ message }) => this.options.log({ level: 'error', event: 'server-error', message }));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const before = this.answering.get(socket);
    // A second request behind an unanswered one is how smuggled ones look; no browser and no client library sends one.
    const early =
      before === undefined || before.writableEnded
        ? null
        : new StatusError(400, 'invalid-request', 'A request came before the last one was answered.');
    if (early === null) this.answering.set(socket, response);
    else socket.destroy();
    await this.handler.handle(request, response, early);
  }

  /** What asks for another protocol. It is looked at like anything else, and refused even where it is right. */
  private refuseSwitch(request: IncomingMessage, socket: Duplex): void {
    const { method = '', url: target = '', httpVersion, rawHeaders } = request;
    try {
      examine({ method, target, httpVersion, rawHeaders }, this.handler.rules);
      refuseRaw(socket, new StatusError(400, 'invalid-request', 'Nothing is upgraded here.'));
    } catch (error) {
      refuseRaw(socket, error);
    }
    this.options.log({ level: 'debug', event: 'switch-refused' });
  }

  /** What the parser of HTTP does not read, or what did not come in time. */
  private refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
    this.options.log({ level: 'debug', event: 'unreadable', why: error.code });
    const before = this.answering.get(socket);
    if (!socket.writable || (before !== undefined && before.headersSent && !before.writableFinished)) {
      socket.destroy(); // in the middle of another answer there is no place to say so
      return;
    }
    switch (error.code) {
      case 'ERR_HTTP_REQUEST_TIMEOUT':
        return refuseRaw(socket, new StatusError(408, 'timeout', 'The request did not come in time.'));
      case 'HPE_HEADER_OVERFLOW':
        return refuseRaw(socket, new StatusError(431, 'invalid-request', 'The headers are too long.'));
      default:
        return refuseRaw(socket, new StatusError(400, 'invalid-request', 'This is no request that can be read.'));
    }
  }
}

function makeHandler(options: DaemonOptions, port: number, connections: () => number): RequestHandler {
  const { backend, book, clock, desk, limits, log } = options;
  const metrics = new Metrics();
  const isStopping = (): boolean => handler.isStopping;
  const values = (): Record<string, number> => ({
    connections: connections(),
    requests_live: handler.liveRequests,
    work_live: handler.liveWork,
    work_limit: limits.maxWork,
    grants: book.list().length,
    device_ready: deviceOf(backend) === null ? 0 : 1,
    log_lines_dropped_total: options.droppedLines(),
    ...backend.metrics(),
  });
  const routes: Routes = {
    ...healthRoutes({ backend, isStopping, metricsText: () => metrics.text(values()) }),
    ...pairingRoutes(options),
    ...openAiRoutes(backend, clock),
    ...engineRoutes(backend, clock),
    ...adminRoutes({ backend, book, desk, clock, liveWork: () => handler.liveWork, version: options.version }),
  };
  const hosts = ownHosts([options.host, ...options.otherNames], port);
  const rules = { hosts, isPaired: (origin: string) => book.isPaired(origin), mayPair: options.mayPair };
  const page = pageRoute(options.pageFolder);
  const handler: RequestHandler = new RequestHandler({ rules, routes, page, book, clock, limits, metrics, log });
  return handler;
}

/** How many sockets are open; the server itself tells that to callbacks only. */
function countConnections(server: Server): () => number {
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
  });
  return () => open;
}

async function bind(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  }).catch((error: NodeJS.ErrnoException) => {
    throw bindError(error, host, port);
  });
  return (defined(server.address(), 'address') as AddressInfo).port;
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): ForgelightError {
  const why =
    error.code === 'EADDRINUSE'
      ? `Port ${port} is taken by another program: end it, or choose another port with --port or FORGELIGHT_PORT.`
      : `Cannot listen on ${host}, port ${port} (${error.code ?? error.message}): choose others with --host and --port.`;
  return new ForgelightError('invalid-request', why, { param: 'port', cause: error });
}

/** An answer for a socket that no request came on, which is its last. */
function refuseRaw(socket: Duplex, error: unknown): void {
  const { status, body } = errorAnswer(error);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.on('error', () => undefined); // it may be gone already
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}
