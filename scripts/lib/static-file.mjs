// Serves one file over HTTP: media type, validators, byte ranges. Source: RFC 9110, sections 8.8, 13 and 14.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

/**
 * What each server of the page says with its files.
 * @type {Readonly<{ pagePolicy: readonly string[], mediaTypes: Readonly<Record<string, string>> }>}
 */
export const WEB_SERVER = JSON.parse(readFileSync(new URL('web-server.json', import.meta.url), 'utf8'));

/**
 * The path of a request inside of a folder, or null when it is not a plain one: nothing outside of the folder and
 * nothing hidden can be named.
 * @param {string} folder
 * @param {string} urlPath decoded path behind the prefix, without a leading slash
 */
export function pathInside(folder, urlPath) {
  const segments = urlPath.split('/');
  const plain = segments.every((segment) => segment !== '' && !segment.startsWith('.') && !/[\\\0:]/.test(segment));
  return plain ? join(folder, ...segments) : null;
}

/** @type {Map<string, { key: string, sha256: Promise<string> }>} hashes by path, as long as size and time stay */
const hashes = new Map();

/** @param {string} path @param {import('node:fs').Stats} stats @returns {Promise<string>} SHA-256, hex */
function hashOf(path, stats) {
  const key = `${stats.size} ${stats.mtimeMs}`;
  const known = hashes.get(path);
  if (known?.key === key) return known.sha256;
  const hash = createHash('sha256');
  const sha256 = pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash).then(() => hash.digest('hex'));
  hashes.set(path, { key, sha256 });
  return sha256;
}

/**
 * Answers a GET or HEAD with a file. Resolves with false, and leaves the response alone, when there is no such file.
 * The ETag is the SHA-256 of the content; `x-linked-etag` repeats it for those who look for a model's hash there.
 * @param {Request} request
 * @param {Response} response
 * @param {string} path
 * @param {Readonly<Record<string, string>>} [headers] added to the answer
 */
export async function serveFile(request, response, path, headers = {}) {
  const stats = await stat(path).catch(() => null);
  if (!stats?.isFile()) return false;
  const etag = `"${await hashOf(path, stats)}"`;
  const common = {
    'content-type': WEB_SERVER.mediaTypes[extname(path).toLowerCase()] ?? 'application/octet-stream',
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    'last-modified': stats.mtime.toUTCString(),
    'x-content-type-options': 'nosniff',
    'x-linked-etag': etag,
    etag,
    ...headers,
  };
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, common).end();
    return true;
  }
  const range = requestedRange(request, stats.size, etag);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${stats.size}` }).end();
    return true;
  }
  const { start, end } = range ?? { start: 0, end: stats.size - 1 };
  response.writeHead(range ? 206 : 200, {
    ...common,
    'content-length': end - start + 1,
    ...(range ? { 'content-range': `bytes ${start}-${end}/${stats.size}` } : {}),
  });
  if (request.method === 'HEAD' || stats.size === 0) response.end();
  else await send(createReadStream(path, { start, end }), response);
  return true;
}

/** @param {import('node:fs').ReadStream} stream @param {Response} response */
async function send(stream, response) {
  try {
    await pipeline(stream, response);
  } catch (error) {
    // A reader that goes away in the middle (an aborted fetch, a closed tab) is no failure of the server.
    if (!response.destroyed) throw error;
  }
}

/** @param {string | undefined} header @param {string} etag */
function matches(header, etag) {
  return (
    header !== undefined && header.split(',').some((value) => ['*', etag].includes(value.trim().replace(/^W\//, '')))
  );
}

/**
 * The one range asked for. Null means the whole file: no range, several at once, or an `If-Range` of another content.
 * @param {Request} request
 * @param {number} size bytes
 * @param {string} etag
 * @returns {{ start: number, end: number } | 'unsatisfiable' | null}
 */
function requestedRange(request, size, etag) {
  const ifRange = request.headers['if-range'];
  if (ifRange !== undefined && ifRange !== etag) return null;
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [from, to] = [match[1] ?? '', match[2] ?? ''];
  if (from !== '' && to !== '' && Number(from) > Number(to)) return null;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}
