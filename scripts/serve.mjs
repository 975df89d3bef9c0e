// The static server of the chat page: `dist/page` at `/`, `dist/lib` at `/lib/`, the models folder at `/models/`.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readNoOptions, runScript, SetupError } from './lib/command.mjs';
import { LIB_FOLDER, modelsFolder, PAGE_FOLDER, ROOT } from './lib/paths.mjs';
import { pathInside, serveFile, WEB_SERVER } from './lib/static-file.mjs';

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */
/** @typedef {{ prefix: string, folder: string, extension?: string, headers: Record<string, string> }} Route */

const DEFAULT_PORT = 5173;
/** Of this script, and of `npm start`. */
export const SERVE_USAGE =
  'It takes no options. HOST (usually 127.0.0.1) and PORT in the environment choose where it listens.';
const ANY_ADDRESS = ['0.0.0.0', '::'];
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * A worker takes its policy from its own script's answer, so the page's is sent with every file. What stands there and why: hash-wasm
 * compiles WebAssembly; no text becomes a script or markup but through two makers of trusted types, those of Lit's templates and of the
 * address of the engine's worker. The command's daemon sends the same.
 */
const POLICY = WEB_SERVER.pagePolicy.join('; ');

const PAGE_HEADERS = { 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' };
/** The library may be imported by pages of other origins. */
const LIB_HEADERS = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' };

/**
 * @param {object} [options]
 * @param {string} [options.host] the address that is listened on; its name is allowed in Host headers
 * @param {string} [options.page] folder
 * @param {string} [options.lib] folder
 * @param {string} [options.models] folder
 * @param {string} [options.fixtures] folder, at `/fixtures/`: for tests
 */
export function createStaticServer(options = {}) {
  const { host = '127.0.0.1', page = PAGE_FOLDER, lib = LIB_FOLDER, models = modelsFolder(), fixtures } = options;
  /** @type {Route[]} */
  const routes = [
    { prefix: '/lib/', folder: lib, headers: LIB_HEADERS },
    { prefix: '/models/', folder: models, extension: '.gguf', headers: {} },
    ...(fixtures ? [{ prefix: '/fixtures/', folder: fixtures, headers: LIB_HEADERS }] : []),
    { prefix: '/', folder: page, headers: PAGE_HEADERS },
  ];
  return createServer((request, response) => {
    answer(request, response, routes, host).catch((error) => {
      console.error(error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'The file could not be read.');
    });
  });
}

/** @param {Request} request @param {Response} response @param {Route[]} routes @param {string} host */
async function answer(request, response, routes, host) {
  if (!isOwnHost(request, host)) return refuse(response, 421, 'This server does not answer for that host.');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refuse(response, 405, 'Only GET and HEAD.', { allow: 'GET, HEAD' });
  }
  const path = decodePath(request.url ?? '');
  if (path === null) return refuse(response, 400, 'Not a readable path.');
  const route = routes.find(({ prefix }) => path.startsWith(prefix));
  const rest = path === '/' ? 'index.html' : path.slice(route?.prefix.length ?? 0);
  const file = route && rest.endsWith(route.extension ?? '') ? pathInside(route.folder, rest) : null;
  if (!route || file === null || !(await serveFile(request, response, file, route.headers))) {
    refuse(response, 404, 'There is no such file.');
  }
}

/** @param {Response} response @param {number} status @param {string} text @param {Record<string, string>} [headers] */
function refuse(response, status, text, headers = {}) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`);
}

/** @param {string} url request target @returns {string | null} decoded path; null if it is none */
function decodePath(url) {
  if (!url.startsWith('/')) return null;
  try {
    return decodeURIComponent(url.replace(/[?#].*$/, ''));
  } catch {
    // A broken percent sequence: the caller answers 400.
    return null;
  }
}

/**
 * A page of a foreign name that resolves to this address (DNS rebinding) must not read what we serve, so the one Host
 * header has to name this computer. Listening on every address, any address is our own: those cannot be rebound.
 * @param {Request} request
 * @param {string} host
 */
function isOwnHost(request, host) {
  const values = request.rawHeaders.filter(
    (_, index, raw) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'host',
  );
  const name =
    values.length === 1
      ? /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d+)?$/i.exec(values[0] ?? '')?.[1]?.toLowerCase()
      : undefined;
  if (name === undefined) return false;
  if (LOOPBACK_NAMES.includes(name) || name === urlHost(host).toLowerCase()) return true;
  return ANY_ADDRESS.includes(host) && isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

/** @param {string} host */
function urlHost(host) {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** @param {NodeJS.ProcessEnv} env @returns {number | null} null when none is wanted */
function wantedPort(env) {
  if (env.PORT === undefined || env.PORT === '') return null;
  const port = Number(env.PORT);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new SetupError(`PORT must be a number from 0 to 65535, and is "${env.PORT}".`);
}

/** @param {import('node:http').Server} server @param {number} port @param {string} host */
async function listen(server, port, host) {
  server.listen(port, host);
  await once(server, 'listening');
}

/**
 * Serves until `signal` says to stop. `PORT` and `HOST` are honoured; without `PORT` a free port is taken when the
 * usual one is not.
 * @param {AbortSignal} signal
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function serve(signal, env = process.env) {
  const host = env.HOST || '127.0.0.1';
  const port = wantedPort(env);
  const fixtures = env.FORGELIGHT_FIXTURES ? { fixtures: resolve(ROOT, env.FORGELIGHT_FIXTURES) } : {};
  const server = createStaticServer({ host, ...fixtures });
  try {
    await listen(server, port ?? DEFAULT_PORT, host);
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'EADDRINUSE')
      throw new SetupError(`Cannot listen on ${host}: ${message}. Set HOST and PORT to others.`);
    if (port !== null) throw new SetupError(`Port ${port} is taken. Set PORT to another, or unset it for a free one.`);
    await listen(server, 0, host);
  }
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const shown = ANY_ADDRESS.includes(host) ? '127.0.0.1' : urlHost(host);
  console.log(`Forgelight ready: http://${shown}:${address.port}/`);
  if (!signal.aborted) await once(signal, 'abort');
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript(async (signal) => {
    readNoOptions(SERVE_USAGE);
    await serve(signal);
    return 0;
  }, 0);
}
