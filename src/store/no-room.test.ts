import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { blobSource } from './blob-source';
import { ModelStore } from './model-store';
import { MemoryGround } from './testing/memory-ground';
import { MemoryTab } from './testing/memory-tab';

it.each([
  [undefined, 'Or load it without keeping it (keep: false).'],
  ['Or name another folder.', 'Or name another folder.'],
])('what else can be done where there is no room is the host’s to say: %s', async (otherwise, told) => {
  const ground = new MemoryGround();
  ground.quotaBytes = 10;
  const host = { clock: new FakeClock(), now: Date.now, report: () => undefined };
  const store = new ModelStore(new MemoryTab(ground).ports, { ...host, ...(otherwise !== undefined && { otherwise }) });
  const source = { ...blobSource(new Blob([new Uint8Array(100)])), address: 'https://host/m.gguf' };
  await expect(store.pull(source, new AbortController().signal)).rejects.toMatchObject({
    code: 'quota-exceeded',
    message: expect.stringContaining(`is kept. ${told}`),
  });
});
