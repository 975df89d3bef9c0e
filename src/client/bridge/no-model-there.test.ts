import { describe, expect, it } from 'vitest';
import type { HubModelEntry } from '../list-hub-models';
import type { EngineOptions } from '../types';
import { setUp } from './testing/bridged-page';

const unknown = { sha256: undefined as never };
const file = (name: string): File => new File(['x'], name);

function onHub(quantisation: string, sha256: string | null): HubModelEntry {
  const path = `x-${quantisation}-00001-of-00002.gguf`;
  return { model: `hf:a/b/${path}`, path, sizeBytes: 1, quantisation, sha256 };
}

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
    ['a part of several', { model: 'https://m.example/x-00002-of-00002.gguf?y=1' }, /pull https:.*x-00002-of-00002/],
    ['several files', { model: [file('x-00001-of-00002.gguf'), file('x-00002-of-00002.gguf')] }, /pull PATH/],
    ['one that the hub has in several', { model: 'hf:a/b:Q8_0', ...unknown }, /npx forgelight pull hf:a\/b:Q8_0$/],
    [
      'several whose hash nobody knows yet',
      { model: 'hf:a/b:Q4_0', ...unknown },
      /SHA-256 of hf:a\/b:Q4_0 is not known/,
    ],
  ])('of %s', async (_, options, words) => {
    const { bridge, create } = setUp();
    bridge.models = [];
    bridge.hub.push(onHub('Q8_0', 'cd'.repeat(32)), onHub('Q4_0', null));
    const engine = await create(options);
    expect(engine.info.notes).toEqual([expect.stringMatching(words)]);
  });

  it.each(['(incomplete)', '(incomplete 2)'])('of one of several there that have its name: %s', async (which) => {
    const { bridge, create } = setUp();
    const [first, second] = [1, 2].map((part) => `x-0000${part}-of-00002.gguf`);
    const listed = (name: string, missing: string) => ({ id: name, name, sha256: null, missing_files: [missing] });
    bridge.models = [listed(`y${first} (incomplete)`, 'y'), listed(`${first} ${which}`, `${second}`)];
    const engine = await create({ model: `https://m.example/${second}` });
    expect(engine.info.notes).toEqual([
      expect.stringMatching(/all of the model .*: x-00002-of-00002\.gguf is missing/),
    ]);
  });

  it.each<[string, Partial<EngineOptions>]>([
    ['an address', { model: 'https://m.example/q/x-Q8_0-00002-of-00002.gguf?y=1' }],
    ['files', { model: [file('x-Q8_0-00002-of-00002.gguf'), file('x-Q8_0-00001-of-00002.gguf')] }],
    ['the hub', { model: 'hf:a/b:Q8_0', ...unknown }],
    ['a file of the hub', { model: 'hf:a/b/q/x-Q8_0-00001-of-00002.gguf' }],
  ])('of one in several files of which a part is missing there: %s', async (_, options) => {
    const { bridge, create } = setUp();
    const names = [1, 2].map((part) => `x-Q8_0-0000${part}-of-00002.gguf`);
    const part = { id: names[0], name: names[0], sha256: null, missing_files: names.slice(1) };
    bridge.models = [{ id: 'y', name: 'y-00001-of-00002.gguf', sha256: null, missing_files: ['y'] }, part];
    bridge.hub.push(onHub('Q8_0', 'cd'.repeat(32)));
    const engine = await create(options);
    const words =
      /The bridge does not have all of the model .*: x-Q8_0-00002-of-00002\.gguf is missing there\. .* pull /;
    expect(engine.info.notes).toEqual([expect.stringMatching(words)]);
    await expect(create({ ...options, device: 'bridge' })).rejects.toMatchObject({
      message: expect.stringMatching(words),
    });
  });
});
