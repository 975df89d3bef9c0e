import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Interrupted, reasonOf } from './command.mjs';

/**
 * @typedef {object} DownloadOptions
 * @property {Record<string, string>} [headers]
 * @property {number} [sizeBytes] what the whole file must have; an answer of another size is refused before its bytes
 * @property {AbortSignal} signal
 * @property {(loaded: number, total: number) => void} [onProgress] bytes in the file, and of the whole (0 if unknown)
 * @property {number} [connectTimeoutMs] until the headers of an answer are there
 * @property {number} [stallTimeoutMs] without a byte
 * @property {number} [retries] after a broken connection, as long as none brings a byte
 * @property {number} [retryDelayMs] before the first retry; doubles with each one
 */

/** An answer that no retry will change. */
class RefusedError extends Error {
  name = 'RefusedError';
}

/**
 * Fetches `url` into `path`, going on behind the bytes that are there already. What comes out is complete in length,
 * not proven: the caller checks the hash. An interrupted or failed download keeps its bytes for the next time.
 * @param {string} url
 * @param {string} path
 * @param {DownloadOptions} options
 */
export async function download(url, path, options) {
  const { signal, retries = 4, retryDelayMs = 500 } = options;
  let left = retries;
  let known = await fileSize(path);
  let reached = false;
  for (;;) {
    try {
      await transfer(url, path, options, () => (reached = true));
      return;
    } catch (error) {
      if (signal.aborted) throw new Interrupted();
      if (error instanceof RefusedError || !reached) throw error;
      const size = await fileSize(path);
      left = size > known ? retries : left - 1;
      known = size;
      if (left < 0) throw new Error(`it failed again and again: ${reasonOf(error)}`);
      await delay(retryDelayMs * 2 ** (retries - left), undefined, { signal }).catch(() => {
        throw new Interrupted();
      });
    }
  }
}

/**
 * One request, and its bytes appended to the file.
 * @param {string} url
 * @param {string} path
 * @param {DownloadOptions} options
 * @param {() => void} onAnswer
 */
async function transfer(url, path, options, onAnswer) {
  const { sizeBytes, signal, onProgress, connectTimeoutMs = 8_000, stallTimeoutMs = 30_000 } = options;
  let have = await fileSize(path);
  if (sizeBytes !== undefined && have === sizeBytes) return;
  if (sizeBytes !== undefined && have > sizeBytes) have = 0;
  const watch = createWatch(signal);
  try {
    watch.arm(connectTimeoutMs, `no answer within ${connectTimeoutMs / 1000} s`);
    const headers = {
      ...options.headers,
      'accept-encoding': 'identity',
      ...(have > 0 ? { range: `bytes=${have}-` } : {}),
    };
    const response = await fetch(url, { headers, signal: watch.signal });
    onAnswer();
    if (response.status === 416 && (await isWhole(response, path, have))) return;
    const { start, total } = readAnswer(response, have, sizeBytes);
    const file = await open(path, start === 0 ? 'w' : 'r+');
    try {
      let position = start;
      onProgress?.(position, total);
      watch.arm(stallTimeoutMs, `nothing came for ${stallTimeoutMs / 1000} s`);
      for await (const chunk of response.body ?? []) {
        watch.arm(stallTimeoutMs, `nothing came for ${stallTimeoutMs / 1000} s`);
        await file.write(chunk, 0, chunk.length, position);
        position += chunk.length;
        onProgress?.(position, total);
      }
      if (total > 0 && position !== total) throw new Error(`the answer ended after ${position} of ${total} bytes`);
    } finally {
      await file.close();
    }
  } finally {
    watch.end();
  }
}

/**
 * What "range not satisfiable" means: the bytes at hand are the whole file, or they are not of this file at all; then
 * they go, and the next try starts from the beginning.
 * @param {Response} response
 * @param {string} path
 * @param {number} have
 */
async function isWhole(response, path, have) {
  const total = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (Number(total) === have) return true;
  await rm(path, { force: true });
  throw new Error('the bytes at hand do not belong to the file of the server');
}

/**
 * Where in the file the answer's bytes begin, and how long the whole is.
 * @param {Response} response
 * @param {number} have bytes asked to be left out
 * @param {number | undefined} sizeBytes
 */
function readAnswer(response, have, sizeBytes) {
  const { status } = response;
  if (status !== 200 && status !== 206) {
    const hint = status === 401 || status === 403 ? ' (a token may be needed: HF_TOKEN)' : '';
    const ErrorType = status >= 500 || status === 429 ? Error : RefusedError;
    throw new ErrorType(`the server answered ${status} ${response.statusText}${hint}`.trim());
  }
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  if (status === 206 && Number(range?.[1]) !== have)
    throw new RefusedError('the server sent another range than asked for');
  const total = status === 206 ? Number(range?.[2]) : Number(response.headers.get('content-length') ?? 0);
  if (sizeBytes !== undefined && total > 0 && total !== sizeBytes) {
    throw new RefusedError(`the server has another file (${total} bytes instead of ${sizeBytes})`);
  }
  return { start: status === 206 ? have : 0, total };
}

/**
 * One signal out of the caller's and a timer that can be wound up again.
 * @param {AbortSignal} outer
 */
function createWatch(outer) {
  const controller = new AbortController();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const stop = () => controller.abort(new Interrupted());
  if (outer.aborted) stop();
  outer.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    arm(/** @type {number} */ timeoutMs, /** @type {string} */ reason) {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new Error(reason)), timeoutMs);
    },
    end() {
      clearTimeout(timer);
      outer.removeEventListener('abort', stop);
    },
  };
}

/** @param {string} path @returns {Promise<number>} bytes; 0 if there is no such file */
export async function fileSize(path) {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return 0;
    throw error;
  }
}
