import { describe, expect, it } from 'vitest';
import { chooseGpu, type HipGpu } from './gpu-choice';
import { libraryNames } from './hip-library';

const TARGETS = ['gfx1100', 'gfx1103'];

function gpus(...list: readonly (readonly [gfx: string, integrated: boolean])[]): HipGpu[] {
  return list.map(([gfx, integrated], index) => ({ index, name: `GPU ${index}`, gfx, integrated, waveSize: 32 }));
}

describe('the GPU that is taken', () => {
  it.each([
    { list: gpus(), env: {}, chosen: undefined },
    { list: gpus(['gfx1103', true]), env: {}, chosen: 0 },
    { list: gpus(['gfx1103', true], ['gfx1100', false]), env: {}, chosen: 1 },
    { list: gpus(['gfx803', false], ['gfx1103', true]), env: {}, chosen: 1 },
    { list: gpus(['gfx1036', true], ['gfx803', false]), env: {}, chosen: 1 },
    { list: gpus(['gfx1100', false], ['gfx1100', false]), env: {}, chosen: 0 },
    { list: gpus(['gfx1103', true], ['gfx1100', false]), env: { ROCR_VISIBLE_DEVICES: '1,0' }, chosen: 0 },
    { list: gpus(['gfx1103', true], ['gfx1100', false]), env: { HIP_VISIBLE_DEVICES: '' }, chosen: 1 },
  ])('$list.length of them, $env: $chosen', ({ list, env, chosen }) => {
    expect(chooseGpu(list, TARGETS, env)?.index).toBe(chosen);
  });
});

describe('the library', () => {
  it.each([
    { env: {}, platform: 'linux', first: 'libamdhip64.so.7', count: 4 },
    { env: {}, platform: 'win32', first: 'amdhip64_7.dll', count: 3 },
    { env: { ROCM_PATH: '/opt/rocm' }, platform: 'linux', first: 'libamdhip64.so.7', count: 8 },
    { env: { FORGELIGHT_HIP_LIBRARY: '/x/y.so' }, platform: 'linux', first: '/x/y.so', count: 1 },
    { env: {}, platform: 'darwin', first: undefined, count: 0 },
  ] as const)('is looked for on $platform with $env', ({ env, platform, first, count }) => {
    const names = libraryNames(env, platform);
    expect(names[0]).toBe(first);
    expect(names).toHaveLength(count);
  });
});
