import * as v from 'valibot';
import { ForgelightError } from '../../src/base/errors';
import { askDaemon } from '../state/ask-daemon';
import type { DaemonRecord } from '../state/daemon-file';
import { liveDaemon } from '../state/live-daemon';
import { stateFolder } from '../state/state-folder';
import type { CliHost } from './run-cli';

const psSchema = v.object({
  pid: v.number(),
  version: v.string(),
  backend: v.string(),
  state: v.variant('status', [
    v.object({ status: v.literal('idle') }),
    v.object({ status: v.literal('loading'), model: v.string(), loaded: v.number(), total: v.number() }),
    v.object({ status: v.literal('ready'), model: v.string(), device: v.string() }),
    v.object({ status: v.literal('restarting'), model: v.string(), attempt: v.number() }),
    v.object({ status: v.literal('failed'), error: v.object({ code: v.string(), message: v.string() }) }),
  ]),
  requests: v.number(),
});

export type DaemonState = v.InferOutput<typeof psSchema>;

/** The daemon of this user. Throws `bridge-unreachable` where none runs, or it hangs. */
export async function runningDaemon(host: CliHost): Promise<DaemonRecord> {
  const found = await liveDaemon(stateFolder(host.env), host.fetch);
  if (found !== null) return found;
  throw new ForgelightError('bridge-unreachable', 'The daemon does not run. Start it: forgelight serve');
}

export async function daemonState(record: DaemonRecord, { fetch, signal }: CliHost): Promise<DaemonState> {
  return v.parse(psSchema, await askDaemon(record, { method: 'GET', path: '/v1/admin/ps', signal }, fetch));
}
