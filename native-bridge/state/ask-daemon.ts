import { ForgelightError, ERROR_CODES, type ErrorCode } from '../../src/base/errors';
import type { DaemonRecord } from './daemon-file';

export interface DaemonCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** The address of a running daemon, without a slash at its end. */
export function daemonUrl({ host, port }: Pick<DaemonRecord, 'host' | 'port'>): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Asks a running daemon, as this user's command; gives what it answers, as JSON. Throws its errors, and `bridge-unreachable`. */
export async function askDaemon(
  record: DaemonRecord,
  call: DaemonCall,
  fetch: typeof globalThis.fetch,
): Promise<unknown> {
  const response = await callDaemon(record, call, fetch);
  return response.json().catch(() => null);
}

/** The same; the answer is the caller's to read. */
export async function callDaemon(
  record: DaemonRecord,
  call: DaemonCall,
  fetch: typeof globalThis.fetch,
): Promise<Response> {
  const { method, path, body, signal } = call;
  let response: Response;
  try {
    response = await fetch(daemonUrl(record) + path, {
      method,
      headers: {
        authorization: `Bearer ${record.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
      redirect: 'manual', // no daemon's: it would take the body along
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw unreachableDaemon(record, error);
  }
  if (response.ok) return response;
  throw daemonError(await response.json().catch(() => null), `The daemon answered with status ${response.status}.`);
}

/** It is gone, or hangs. */
export function unreachableDaemon(record: DaemonRecord, cause?: unknown): ForgelightError {
  const message = `The daemon (process ${record.pid}) does not answer at ${daemonUrl(record)}. End it, and start it again: forgelight serve`;
  return new ForgelightError('bridge-unreachable', message, { cause });
}

/** What an answer of the daemon says that went wrong. */
export function daemonError(answer: unknown, otherwise: string): ForgelightError {
  const error = isRecord(answer) && isRecord(answer['error']) ? answer['error'] : {};
  const code = ERROR_CODES.find((known): known is ErrorCode => known === error['code']) ?? 'network';
  return new ForgelightError(code, typeof error['message'] === 'string' ? error['message'] : otherwise);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
