import { expect, it } from 'vitest';
import { listBridgeModels } from './list-bridge-models';
import { FakeBridge, TOKEN } from './testing/fake-bridge';
import { FakeUpstream } from './testing/fake-upstream';

it('lists what an engine of its own can be asked for, by hash', async () => {
  const bridge = new FakeBridge();
  bridge.hello = { paired: true, backend: 'engine' };
  const hash = 'ab'.repeat(32);
  const split = { id: 'x-00001-of-00002.gguf', name: 'x-00001-of-00002.gguf', sha256: null, missing_files: ['y'] };
  bridge.models = [{ id: `sha256:${hash}`, name: 'x.gguf', sha256: hash }, split, null];
  const models = [{ model: `sha256:${hash}`, name: 'x.gguf' }];
  expect(await listBridgeModels({ token: TOKEN }, bridge)).toEqual({ backend: 'engine', models });
});

it('lists what another server can be asked for, by name; and what it is told by who does not say', async () => {
  const upstream = new FakeUpstream();
  upstream.models = ['large', 'small'];
  const models = ['large', 'small'].map((name) => ({ model: name, name }));
  expect(await listBridgeModels({ token: TOKEN }, upstream)).toEqual({ backend: 'upstream', models });
  const old = new FakeBridge();
  old.models = {};
  expect(await listBridgeModels({ token: TOKEN }, old)).toEqual({ backend: null, models: [] });
});
