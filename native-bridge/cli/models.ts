import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/base/system-clock';
import { timeoutsFromEnvironment } from '../../src/protocol/timeouts';
import { ModelStore } from '../../src/store/model-store';
import { nodeStorePorts } from '../../src/store/node-fs/node-store';
import { modelSource, type ModelSourceOptions } from '../../src/store/open-model';
import type { ModelSource } from '../../src/store/source';
import { readSetting } from './command-line';
import type { CliHost } from './run-cli';

/** The models of this machine. */
export interface Models {
  readonly folder: string;
  readonly store: ModelStore;
  /** Throws `invalid-request` for what is no reference. */
  readonly sourceOf: (
    reference: string,
    options?: Pick<ModelSourceOptions, 'mirrors' | 'sha256' | 'wrapFile'>,
  ) => ModelSource;
}

export function openModels({ env, err, fetch }: CliHost): Models {
  const folder = env['FORGELIGHT_MODELS'] || join(dataFolder(env), 'forgelight', 'models');
  const store = new ModelStore(nodeStorePorts(folder, { clock, random: Math.random }), {
    clock,
    now: Date.now,
    report: (error) => err(`forgelight: ${String(error)}\n`),
    otherwise: 'Or name a folder with more room: FORGELIGHT_MODELS.',
  });
  const hubToken = env['HF_TOKEN'];
  return {
    folder,
    store,
    sourceOf: (reference, options = {}) =>
      modelSource(reference, {
        clock,
        random: Math.random,
        // Read where it counts: a command that waits for nothing does not fail for it.
        stallMs: readSetting(() => timeoutsFromEnvironment(env)).stallMs,
        fetch,
        kept: (addressStart) => store.kept(addressStart),
        ...(hubToken && { hubToken }),
        ...options,
      }),
  };
}

/** Where programs of a user keep data, by the custom of each system. */
function dataFolder(env: CliHost['env']): string {
  const home = homedir();
  switch (process.platform) {
    case 'win32':
      return env['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
    case 'darwin':
      return join(home, 'Library', 'Application Support');
    default:
      return env['XDG_DATA_HOME'] || join(home, '.local', 'share');
  }
}
