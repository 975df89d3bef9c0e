import * as v from 'valibot';
import { ForgelightError } from '../../src/base/errors';
import { findModel, namedModels } from '../engine/model-names';
import { printable } from '../server/log-format';
import { askDaemon } from '../state/ask-daemon';
import type { CommandInput } from './run-cli';
import { daemonState, runningDaemon } from './running-daemon';

const unloadSchema = v.object({ unloaded: v.boolean() });

/** Takes the model off the daemon's device, if it is the one that is named and nothing runs on it. */
export async function stop({ models, host, names, options }: CommandInput): Promise<void> {
  const [name] = names;
  const record = await runningDaemon(host);
  const { state, requests, backend } = await daemonState(record, host);
  if (backend === 'upstream') {
    throw new ForgelightError('invalid-request', 'A server elsewhere has the model, and no model is loaded here.');
  }
  const model = 'model' in state ? state.model : null;
  if (name !== undefined && (model === null || (await loadedName(models, name)) !== model)) {
    const loaded = model === null ? 'Nothing is loaded' : `${model} is loaded`;
    throw new ForgelightError('invalid-request', `"${name}" is not loaded. ${loaded}: forgelight ps`);
  }
  const call = { method: 'POST' as const, path: '/v1/admin/unload', body: {}, signal: host.signal };
  const { unloaded } = v.parse(unloadSchema, await askDaemon(record, call, host.fetch));
  if (!unloaded && state.status === 'loading') {
    throw new ForgelightError(
      'busy',
      `${model} is being loaded. Whoever asked for it ends that by leaving: forgelight ps`,
    );
  }
  if (!unloaded && model !== null) {
    const what = requests === 1 ? 'A request runs' : `${requests} requests run`;
    throw new ForgelightError('busy', `${what} on ${model}. Try again when it has ended: forgelight ps`);
  }
  if (options['json'] === true) host.out(`${JSON.stringify({ unloaded, model }, null, 2)}\n`);
  else host.out(unloaded ? `Unloaded: ${printable(String(model))}\n` : 'Nothing is loaded.\n');
}

/** What the daemon calls the model that somebody named, by hash or its beginning, address or file name. */
async function loadedName({ store }: CommandInput['models'], name: string): Promise<string> {
  try {
    return findModel(await namedModels(await store.list()), name).id;
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    return name; // it may have been deleted since
  }
}
