import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readToEnd } from '../../src/store/read-to-end';
import { splitIdentity } from '../../src/store/split-identity';
import { sha256Of } from '../../src/store/testing/visits';
import { splitGguf } from '../../test/support/split-gguf';
import { readZoo } from '../../test/support/zoo';
import { findModel, namedModels } from '../engine/model-names';
import { diskSource } from './disk-source';
import { keptName } from './keep-model';
import { openModels } from './models';
import { FakeTerminal } from './testing/fake-terminal';

it('a file of a model in several is put into the store with the others, and named by the hash of all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-keep-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const parts = splitGguf(new Uint8Array((await readZoo('llama')).bytes), 2);
  const paths = parts.map((_, i) => join(folder, `m-0000${i + 1}-of-00002.gguf`));
  for (const [i, path] of paths.entries()) await writeFile(path, parts[i] ?? '');
  const host = {
    ...{
      out: () => undefined,
      err: () => undefined,
      outIsTerminal: false,
      isTerminal: false,
      overwrite: () => undefined,
      terminal: new FakeTerminal(),
    },
    ...{ env: { FORGELIGHT_MODELS: join(folder, 'models') }, signal: new AbortController().signal, fetch },
  };
  const models = openModels(host);
  const sha256 = await splitIdentity(parts.map(sha256Of));
  // The first part came from elsewhere before.
  const address = 'https://host/m-00001-of-00002.gguf';
  const elsewhere = models.store.source({ ...diskSource(paths[0] ?? ''), address }, {});
  await readToEnd((await elsewhere.open(host.signal)).stream, () => undefined);
  elsewhere.close();
  for (const path of paths) {
    const name = await keptName({ models, host }, path);
    expect(name).toBe(`sha256:${sha256}`);
    const stored = await namedModels(await models.store.list());
    expect(findModel(stored, name)).toMatchObject({ id: 'm-00001-of-00002.gguf', sha256, missing: [] });
  }
});
