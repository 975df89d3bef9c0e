import { ForgelightError } from '../base/errors';
import { systemClock } from '../base/system-clock';
import { DEFAULT_TIMEOUTS } from '../protocol/timeouts';
import { modelsOf } from '../store/choose-quantisation';
import { isHubReference, parseHubReference, withHubToken } from '../store/hub';
import { listHubFiles, type HubFile } from '../store/hub-listing';
import { splitIdentity } from '../store/split-identity';
import { abortErrorOf, throwIfAborted } from './abort';
import type { CallOptions } from './types';

export interface HubListOptions extends CallOptions {
  /** As of `createEngine`. */
  readonly hubToken?: string;
}

/** A model in a repository of the hub. */
export interface HubModelEntry {
  /** For `createEngine`; of a model in several files it names the first. */
  readonly model: string;
  /** In the repository. */
  readonly path: string;
  /** Of all its files. */
  readonly sizeBytes: number;
  /** `Q4_K_M`; `null` where the name does not say. */
  readonly quantisation: string | null;
  /** As `info.model.sha256` will have it; `null` where the hub does not tell that of each file. */
  readonly sha256: string | null;
}

/** Somebody waits for the answer, and can ask again. */
const MAX_ATTEMPTS = 2;

/**
 * The GGUF models of a repository on the hub, the smallest first; nothing but its listing is fetched. `reference`: `hf:owner/repo`, or
 * anything longer that names it.
 *
 * Throws `invalid-request` for a reference that names none, or one that has no model; `network` where the hub cannot be reached, has
 * no such repository or wants a token, which its message tells; `timeout`; an `AbortError` when `signal` fires.
 */
export async function listHubModels(
  reference: string,
  { hubToken, signal = new AbortController().signal }: HubListOptions = {},
): Promise<readonly HubModelEntry[]> {
  throwIfAborted(signal);
  if (!isHubReference(reference)) {
    throw new ForgelightError('invalid-request', `"${reference}" names no repository. Write it as hf:owner/repo.`, {
      param: 'model',
    });
  }
  const { repository } = parseHubReference(reference);
  const name = `${repository.owner}/${repository.name}`;
  let status: number | null = null;
  const asking = hubToken === undefined ? fetch : withHubToken(fetch, hubToken);
  const noticing: typeof fetch = async (...request) => {
    const response = await asking(...request);
    status = response.status;
    return response;
  };
  const options = { clock: systemClock, random: Math.random, stallMs: DEFAULT_TIMEOUTS.stallMs };
  try {
    const files = await listHubFiles(repository, { ...options, maxAttempts: MAX_ATTEMPTS, fetch: noticing }, signal);
    const models = modelsOf(files).toSorted((a, b) => a.sizeBytes - b.sizeBytes);
    if (models.length === 0) {
      throw new ForgelightError(
        'invalid-request',
        `${name} has no GGUF model. Many have one whose name ends in -GGUF.`,
        {
          param: 'model',
        },
      );
    }
    return await Promise.all(
      models.map(async ({ path, sizeBytes, quantisation, parts }) => {
        return { model: `hf:${name}/${path}`, path, sizeBytes, quantisation, sha256: await hashOf(parts) };
      }),
    );
  } catch (error) {
    if (signal.aborted) throw abortErrorOf(signal);
    throw error instanceof ForgelightError && error.code === 'network' ? inWords(error, name, status) : error;
  }
}

async function hashOf(parts: readonly HubFile[]): Promise<string | null> {
  const hashes = parts.flatMap(({ sha256 }) => sha256 ?? []);
  if (hashes.length < parts.length) return null;
  return parts.length === 1 ? (hashes[0] ?? null) : await splitIdentity(hashes);
}

/** @param status of the hub's last answer; `null`: there was none */
function inWords(error: ForgelightError, name: string, status: number | null): ForgelightError {
  const message = reasonOf(name, status);
  return message === null ? error : new ForgelightError('network', message, { cause: error });
}

function reasonOf(name: string, status: number | null): string | null {
  switch (status) {
    case null:
      return 'The hub cannot be reached. Check the connection, then try again.';
    case 401:
    case 403:
      return `${name} is gated, private, or not there. Look at its name; if it is gated, accept its licence on its page and give an access token of yours.`;
    case 404:
      return `The hub has no repository ${name}. Look at its name.`;
    default:
      return null;
  }
}
