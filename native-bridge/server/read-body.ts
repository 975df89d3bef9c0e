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

const codesOf = (signs: string): number[] => Array.from(signs, (sign) => sign.charCodeAt(0));
const [QUOTE, BACKSLASH] = codesOf('"\\');
const OPENING = codesOf('[{');
const CLOSING = codesOf(']}');

/** How many brackets are open at once at most, those in texts left out. Each sign is looked at once, whatever the body is. */
function depthOf(text: string): number {
  let [depth, deepest, isInText] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) isInText = !isInText;
    else if (isInText) at += sign === BACKSLASH ? 1 : 0;
    else if (OPENING.includes(sign)) deepest = Math.max(deepest, (depth += 1));
    else if (CLOSING.includes(sign)) depth -= 1;
  }
  return deepest;
}

function tooLarge(maxBytes: number): StatusError {
  return new StatusError(413, 'invalid-request', `The body is larger than ${formatBytes(maxBytes)}.`);
}
