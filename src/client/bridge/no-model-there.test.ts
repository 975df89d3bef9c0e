import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../types';
import { setUp } from './testing/bridged-page';

const unknown = { sha256: undefined as never };
const file = (name: string): File => new File(['x'], name);

describe('why the bridge was not used is said of the model that was asked for', () => {
  it.each<[string, object, string, RegExp]>([
    ['passes requests on', { backend: 'upstream' }, 'missing-feature', /passes requests on to another server/],
    ['has no device', { backend: 'none' }, 'no-adapter', /no graphics processor/],
  ])('where it %s: this page answers, and nobody is told to pull', async (_, hello, code, words) => {
    const { bridge, create } = setUp();
    bridge.hello = { paired: true, device: null, ...hello };
    bridge.models = [{ id: 'some-model', name: 'some-model', sha256: null }];
    for (const options of [{}, unknown, { model: 'hf:a/b:Q4_K_M', ...unknown }, { model: file('x.gguf') }]) {
      const engine = await create(options);
      expect(engine.info.device.name).toBe('GPU');
      expect(engine.info.notes).toEqual([expect.stringMatching(words)]);
      expect(engine.info.notes[0]).not.toContain('pull');
    }
    if (code === 'no-adapter') await expect(create({ device: 'bridge' })).rejects.toMatchObject({ code });
    // It will not have one by itself.
    const count = bridge.asked.length;
    bridge.clock.advance(600_000);
    expect(bridge.asked).toHaveLength(count);
  });

  it.each<[string, Partial<EngineOptions>, RegExp]>([
    ['a path', { model: '/models/x.gguf' }, /npx forgelight pull https?:\/\/[^/]+\/models\/x\.gguf$/],
    ['an address', { model: 'https://models.example/x.gguf' }, /pull https:\/\/models\.example\/x\.gguf$/],
    ['a file', { model: file('own.gguf') }, /own\.gguf\. .*pull PATH/],
    ['a part of several', { model: 'https://m.example/x-00001-of-00002.gguf?y=1', ...unknown }, /in several files/],
    ['several files', { model: [file('x-00001-of-00002.gguf'), file('x-00002-of-00002.gguf')] }, /in several files/],
    ['one that the hub has in several', { model: 'hf:a/b:Q8_0' }, /in several files/],
  ])('of %s', async (_, options, words) => {
    const { bridge, create } = setUp();
    bridge.models = [];
    const path = 'x-Q8_0-00001-of-00002.gguf';
    bridge.hub.push({ model: `hf:a/b/${path}`, path, sizeBytes: 1, quantisation: 'Q8_0', sha256: null });
    const engine = await create(options);
    expect(engine.info.notes).toEqual([expect.stringMatching(words)]);
  });
});
