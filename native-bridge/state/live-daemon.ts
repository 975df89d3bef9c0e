import { daemonUrl, unreachableDaemon } from './ask-daemon';
import { findDaemon, type DaemonRecord } from './daemon-file';
import { newNonce, proofOf } from './daemon-proof';

/** A daemon that runs proves at once that it does, also on a computer that has much to do. */
const PROOF_MS = 5_000;

export type LiveDaemon =
  | { readonly status: 'none' }
  /** Its process is there, and does not answer: it hangs. */
  | { readonly status: 'silent'; readonly record: DaemonRecord }
  | { readonly status: 'running'; readonly record: DaemonRecord };

/** The daemon that the state folder's file tells of, once it has proven to know that file's key: only then may it be sent the key, or a prompt. */
export async function findLiveDaemon(folder: string, fetch: typeof globalThis.fetch): Promise<LiveDaemon> {
  const found = await findDaemon(folder);
  if (found.status !== 'running') return { status: 'none' };
  const { record, isCertain } = found;
  if (await provesItself(record, fetch)) return { status: 'running', record };
  // Where the system does not tell when a process began, another one may have the number of a daemon that was killed.
  return isCertain ? { status: 'silent', record } : { status: 'none' };
}

/** The same; `null` where none runs. Throws `bridge-unreachable` for one that hangs: it owns what its folder says. */
export async function liveDaemon(folder: string, fetch: typeof globalThis.fetch): Promise<DaemonRecord | null> {
  const found = await findLiveDaemon(folder, fetch);
  if (found.status === 'silent') throw unreachableDaemon(found.record);
  return found.status === 'running' ? found.record : null;
}

async function provesItself(record: DaemonRecord, fetch: typeof globalThis.fetch): Promise<boolean> {
  const nonce = newNonce();
  try {
    const response = await fetch(`${daemonUrl(record)}/v1/admin/proof?nonce=${nonce}`, {
      signal: AbortSignal.timeout(PROOF_MS),
      redirect: 'manual',
    });
    const { proof } = (await response.json()) as { readonly proof?: unknown };
    return proof === proofOf(record.key, nonce);
  } catch {
    return false; // nothing there, or something else
  }
}
