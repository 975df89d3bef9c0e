import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/base/system-clock';
import { ModelStore } from '../../src/store/model-store';
import { nodeStorePorts } from '../../src/store/node-fs/node-store';
import { fileSource } from '../../src/store/open-model';
import { ScriptedServer } from '../../test/support/scripted-server';
import { readZoo } from '../../test/support/zoo';

export interface ZooStore {
  /** Of this test's own: the models are in `models`, and there is room for state in `state`. */
  readonly folder: string;
  readonly modelsFolder: string;
  readonly stateFolder: string;
  readonly store: ModelStore;
  /** Name in the zoo → SHA-256. */
  readonly hashes: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/**
 * A store in a folder for one test, with models of the zoo in it, and `others` by name, as they were pulled from
 * `https://models.test/NAME.gguf`.
 */
export async function zooStore(
  names: readonly string[],
  others: Readonly<Record<string, Uint8Array>> = {},
): Promise<ZooStore> {
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-zoo-'));
  const modelsFolder = join(folder, 'models');
  const ports = nodeStorePorts(modelsFolder, { clock, random: Math.random });
  const report = (error: unknown): never => {
    throw error;
  };
  const store = new ModelStore(ports, { clock, now: Date.now, report });
  const hashes: Record<string, string> = {};
  const ofZoo = await Promise.all(names.map(async (name) => [name, (await readZoo(name)).bytes] as const));
  for (const [name, bytes] of [...ofZoo, ...Object.entries(others)]) {
    const server = new ScriptedServer(bytes);
    server.chunkBytes = bytes.length;
    const { fetch } = server;
    const source = fileSource(`https://models.test/${name}.gguf`, {
      clock,
      random: Math.random,
      stallMs: 10_000,
      fetch,
    });
    hashes[name] = createHash('sha256').update(bytes).digest('hex');
    await store.pull(source, new AbortController().signal);
  }
  return {
    folder,
    modelsFolder,
    stateFolder: join(folder, 'state'),
    store,
    hashes,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
