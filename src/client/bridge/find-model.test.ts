import { describe, expect, it } from 'vitest';
import type { HubModelEntry } from '../list-hub-models';
import { read, setUp } from './testing/bridged-page';
import { bridgeInfo } from './testing/fake-bridge';
import { eventually } from '../../../test/support/eventually';

const HASH = bridgeInfo.model.sha256;
const OTHER = '0'.repeat(64);
const unknown = { sha256: undefined as never };

const entry = (path: string, quantisation: string | null, sha256: string | null): HubModelEntry => ({
  ...{ model: `hf:a/b/${path}`, path, sizeBytes: 1, quantisation, sha256 },
});

describe('a model is asked for by its hash', () => {
  it('never by its name, whatever the daemon calls its own; here it is loaded once, and then known', async () => {
    const { bridge, scope, create } = setUp();
    const engine = await create(unknown); // …/x.gguf, as the daemon's
    expect(engine.info.device.name).toBe('GPU');
    expect(engine.info.notes).toEqual([expect.stringMatching(/^The bridge was not used: The SHA-256 of .*x\.gguf /)]);
    expect(bridge.asked.some((call) => call.includes('/v1/engine'))).toBe(false);
    bridge.clock.advance(1_000); // what was loaded here has the hash of one there
    await eventually(() => expect(engine.info.device.name).toBe('Radeon'));
    const reading = read(engine);
    const request = await bridge.arrival();
    request.accept();
    request.finish();
    await (
      await reading
    ).whole;
    expect(scope.started).toHaveLength(1);
  });

  it('and not at all where the daemon has other bytes under the same name', async () => {
    const { bridge, create } = setUp();
    bridge.models = [{ id: 'x', name: 'x.gguf', sha256: OTHER }];
    const engine = await create(unknown);
    bridge.clock.advance(1_000);
    await eventually(() => expect(bridge.asked.filter((call) => call.includes('/v1/models'))).toHaveLength(2));
    bridge.clock.advance(600_000);
    expect(engine.info.device.name).toBe('GPU');
    await expect(create({ device: 'bridge', sha256: HASH })).rejects.toMatchObject({ param: 'model' });
    await expect(create({ device: 'bridge', ...unknown })).rejects.toMatchObject({ param: 'sha256' });
    await expect(create({ device: 'bridge', ...unknown, model: new File([], 'x.gguf') })).rejects.toMatchObject({
      param: 'sha256',
    });
  });

  it.each([
    ['hf:a/b/x.gguf', [entry('x.gguf', null, HASH), entry('y.gguf', null, OTHER)]],
    ['hf:a/b/sub/x.gguf', [entry('sub/x.gguf', null, HASH), entry('x.gguf', null, OTHER)]],
    ['hf:a/b:q4_k_m', [entry('x-Q4_K_M.gguf', 'Q4_K_M', HASH), entry('x-Q8_0.gguf', 'Q8_0', OTHER)]],
    ['hf:a/b:Q8_0', [entry('q/x-Q8_0-00001-of-00002.gguf', 'Q8_0', HASH), entry('y-Q4_0.gguf', 'Q4_0', OTHER)]],
    ['hf:a/b/q/x-00001-of-00002.gguf', [entry('q/x-00001-of-00002.gguf', null, HASH)]],
    ['hf:a/b/q/x-00002-of-00002.gguf', [entry('q/x-00001-of-00002.gguf', null, HASH)]],
    [`sha256:${HASH.toUpperCase()}`, []],
  ])('which the hub tells of %s, where it must be asked', async (model, hub) => {
    const { bridge, scope, create } = setUp();
    bridge.hub.push(...hub);
    const engine = await create({ model, ...unknown });
    expect([engine.info.device.name, scope.started]).toEqual(['Radeon', []]);
  });

  it.each([
    ['hf:a/b/x.gguf', [entry('X.gguf', null, HASH)]],
    ['hf:a/b/x.gguf', [entry('x.gguf', null, null)]],
    ['hf:a/b/x-00002-of-00002.gguf', [entry('x-00001-of-00003.gguf', null, HASH)]],
    ['hf:a/b/x-00001-of-00002.gguf', [entry('x-00001-of-00002.gguf', null, null)]],
    ['hf:a/b:Q4_K_M', [entry('x-Q4_K_M.gguf', 'Q4_K_M', HASH), entry('y-Q4_K_M.gguf', 'Q4_K_M', HASH)]],
    ['hf:a/b/x.gguf', new Error('The hub is down.')],
  ])('and does not tell of %s', async (model, hub) => {
    const { bridge, create } = setUp();
    if (hub instanceof Error) bridge.listHub = () => Promise.reject(hub);
    else bridge.hub.push(...hub);
    const engine = await create({ model, ...unknown });
    expect(engine.info.device.name).toBe('GPU');
  });
});
