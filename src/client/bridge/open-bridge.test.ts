import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../types';
import { setUp } from './testing/bridged-page';
import { bridgeInfo } from './testing/fake-bridge';

describe('the progress of a load at the bridge', () => {
  it.each([
    ['the model is loaded there', [], ['ready']],
    ['it is not', ['probe', 'upload', 'compile'], ['probe', 'upload', 'compile', 'ready']],
    ['its end was seen', ['upload', 'ready'], ['upload', 'ready']],
  ])('ends with `ready`, and once, where %s', async (_, told, seen) => {
    const { bridge, create } = setUp();
    bridge.phases = told;
    const phases: string[] = [];
    await create({ device: 'bridge', onProgress: (progress) => phases.push(progress.phase) });
    expect(phases).toEqual(seen);
  });
});

describe('options that a bridge does not take', () => {
  it.each<[Partial<EngineOptions>, string[]]>([
    [{}, []],
    [{ contextLength: bridgeInfo.model.contextLength }, []],
    [{ contextLength: 32 }, ['The bridge has its own settings: contextLength was not used.']],
    [{ maxConcurrent: 8, kvCacheType: 'f16', precision: 'exact' }, []],
    [
      {
        ...{ maxConcurrent: 1, maxQueued: 1, kvCacheType: 'q8_0', kvCacheTokens: 64, precision: 'fast' },
        timeouts: { stepMs: 5, requestMs: 10, stallMs: 500 },
      },
      [
        'The bridge has its own settings: maxConcurrent, maxQueued, kvCacheType, kvCacheTokens, precision, timeouts.stepMs and timeouts.requestMs were not used.',
      ],
    ],
  ])('are named: %j', async (options, notes) => {
    const { bridge, create } = setUp();
    const engine = await create(options);
    expect(engine.info.notes).toEqual(notes);
    // The page's own engine takes them.
    bridge.isReachable = false;
    expect((await engine.use('webgpu')).notes).toEqual([]);
  });
});
