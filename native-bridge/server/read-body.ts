import type { IncomingMessage, ServerResponse } from 'node:http';
import { ForgelightError } from '../../src/base/errors';
import { formatBytes } from '../../src/base/units';
import { StatusError } from './status-error';

/** Deeper than any request is, and far from what a parser's stack holds. */
const MAX_DEPTH = 64;

/**
 * The body of a request as JSON. Throws `invalid-request` for what is none, is larger than `maxBytes` or nested too deeply; how long it may
 * take is the server's own limit. Rejects when the client goes away.
 */
export async function readJson(request: IncomingMessage, response: ServerResponse, maxBytes: number): Promise<unknown> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  if (request.headers.expect !== undefined) response.writeContinue();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks));
}

export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ForgelightError('invalid-request', 'The body is not UTF-8.');
  }
  if (depthOf(text) > MAX_DEPTH) {
    throw new ForgelightError('invalid-request', `The body is nested more than ${MAX_DEPTH} deep.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ForgelightError('invalid-request', 'The body is no JSON.');
  }
}

/** How many brackets are open at once at most, those in texts left out. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function tooLarge(maxBytes: number): StatusError {
  return new StatusError(413, 'invalid-request', `The body is larger than ${formatBytes(maxBytes)}.`);
}
