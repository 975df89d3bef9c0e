import { StatusError } from './status-error';

/** What stands before a request's body, as the socket brought it. */
export interface RawHead {
  readonly method: string;
  /** The request target, not decoded. */
  readonly target: string;
  readonly httpVersion: string;
  /** name, value, name, value …, also of those that came twice. */
  readonly rawHeaders: readonly string[];
}

/** Names in lower case; each stands there once. */
export type Headers = ReadonlyMap<string, string>;

export interface Target {
  /** Not decoded; without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'];
/** Lists that proxies and browsers may spread over several lines; nothing here decides by them. */
const MAY_REPEAT = ['accept', 'accept-encoding', 'accept-language', 'cache-control'];
/** By the last word of their names, however it is joined to others. */
const CREDENTIALS = /(^|[._-])(api[-_]?key|auth(orization)?|bearer|code|key|pass(word|wd)?)$|(token|secret)$/i;
const MAX_TARGET_CHARACTERS = 2048;
const MAX_HEADERS = 100;

/** Throws for each shape that two readers of HTTP could take for two different requests. */
export function readMethod({ method, httpVersion }: RawHead): string {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw refused('Use HTTP/1.1.', 505);
  if (METHODS.includes(method)) return method;
  throw refused(`The method ${method} is not used here: GET, HEAD, POST and OPTIONS are.`, 405);
}

export function readHeaders(rawHeaders: readonly string[]): Headers {
  if (rawHeaders.length > MAX_HEADERS * 2) throw refused(`There are more than ${MAX_HEADERS} headers.`, 431);
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    // Where `-` and `_` are the same to somebody behind, a header could come twice under two names.
    if (!/^[a-z0-9-]+$/.test(name)) throw refused('A header has a name with other signs than letters, digits and "-".');
    if (name === 'cookie') continue; // another program's, on another port of this host: nobody here reads any
    // Latin letters above ASCII are bytes that somebody may read as UTF-8.
    if (/[^\t\x20-\x7e]/.test(value)) throw refused(`The header ${name} has signs that are not ASCII.`);
    const before = headers.get(name);
    if (before !== undefined && !MAY_REPEAT.includes(name)) throw refused(`The header ${name} came twice.`);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  checkFraming(headers);
  return headers;
}

/** How long the body is has to be said once. */
function checkFraming(headers: Headers): void {
  const length = headers.get('content-length');
  const encoding = headers.get('transfer-encoding');
  if (length !== undefined && !/^\d{1,12}$/.test(length)) throw refused('Content-Length is no number.');
  if (encoding !== undefined && length !== undefined) {
    throw refused('Content-Length and Transfer-Encoding came together.');
  }
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') {
    throw refused('Of transfer encodings only "chunked" is read.', 501);
  }
  if (headers.has('upgrade')) throw refused('Nothing is upgraded here: answers stream as server-sent events.');
  for (const option of (headers.get('connection') ?? '').toLowerCase().split(',')) {
    // Anything else in there names headers that a proxy takes away.
    if (!['', 'close', 'keep-alive'].includes(option.trim()))
      throw refused('The header connection has an option that is not known.');
  }
  const expect = headers.get('expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw refused('The expectation cannot be met.', 417);
  }
}

/** The one host that is asked for, which has to be one of `hosts` (`name:port`, in lower case). */
export function readHost(rawHeaders: readonly string[], hosts: readonly string[]): string {
  const named = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() === 'host' ? [(rawHeaders[index + 1] ?? '').toLowerCase()] : [],
  );
  const [host] = named;
  if (host !== undefined && named.length === 1 && hosts.includes(host)) return host;
  throw refused('This server does not answer for that host: use the address that it prints when it starts.', 421);
}

export function readTarget(target: string): Target {
  if (target.length > MAX_TARGET_CHARACTERS) throw refused('The address is too long.', 414);
  // `//x` is an address of another host to some, and `\` a `/`.
  if (!/^\/(?!\/)[\x21-\x7e]*$/.test(target) || /[\\#]/.test(target)) throw refused('The address is no plain path.');
  const [path = '', ...rest] = target.split('?');
  if (/%(?![0-9a-f]{2})/i.test(target)) throw refused('The address has a broken percent sequence.');
  const query = new URLSearchParams(rest.join('?'));
  for (const name of query.keys()) {
    if (CREDENTIALS.test(name)) {
      const message = `"${name}" stands in the address, where histories and logs keep it: send it as Authorization: Bearer …`;
      throw new StatusError(400, 'invalid-request', message, { param: name });
    }
  }
  return { path, query };
}

/** `null` where none is needed: without a body. Throws unless the body is JSON. */
export function checkBodyHeaders(method: string, headers: Headers): void {
  const isAnnounced = headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0';
  if (method !== 'POST') {
    if (isAnnounced) throw refused(`A ${method} has no body here.`);
    return;
  }
  const type = headers.get('content-type') ?? '';
  if (!/^application\/json(\s*;\s*charset="?utf-8"?)?\s*$/i.test(type)) {
    throw refused('Send the body as Content-Type: application/json.', 415);
  }
  const encoding = headers.get('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw refused('Send the body without Content-Encoding.', 415);
  }
}

function refused(message: string, status = 400): StatusError {
  return new StatusError(status, 'invalid-request', message);
}
