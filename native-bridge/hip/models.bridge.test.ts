import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/device/device';
import { systemClock } from '../../src/base/system-clock';
import { describeLongTexts } from '../../test/models/long-text-suite';
import { describeZoo, type ZooOptions } from '../../test/models/zoo-suite';
import { testLoad } from '../../test/support/load-zoo';
import { readZoo } from '../../test/support/zoo';
import { openSimulator } from '../sim/testing/open-simulator';

const LANES: ZooOptions = {
  variants: { matvec: 'lanes', batch: [1, 4] },
  kvType: 'f16',
  chunkTokens: 16,
};
const SUBGROUPS: ZooOptions = {
  variants: { matvec: 'subgroup', batch: [1] },
  kvType: 'f32',
  chunkTokens: 16,
};
const BYTES: ZooOptions = { ...LANES, kvType: 'q8_0' };

// Experts with biases, sinks and windows; formats that are mixed; heads that are normed; a cache of bytes.
describeZoo(
  'HIP, 32 threads',
  ['gpt-oss', 'quant-Q4_K_M'],
  () => openSimulator({ wave: 32, seed: 3 }),
  readZoo,
  SUBGROUPS,
);
describeZoo('HIP, 64 threads', ['gemma2'], () => openSimulator({ wave: 64, seed: 4 }), readZoo, LANES);
describeZoo('HIP, cache of bytes', ['llama-yarn'], () => openSimulator({ wave: 32, seed: 5 }), readZoo, BYTES);
describeLongTexts('HIP', { name: 'llama', layers: 2 }, () => openSimulator({ wave: 32, seed: 6 }), readZoo, SUBGROUPS);

/** The tokens of two requests at once, and what was counted until then. */
async function answers(bytes: Uint8Array<ArrayBuffer>, device: Device | undefined) {
  const debug = { chunkTokens: 16, variants: { matvec: 'lanes' } };
  const given = device === undefined ? {} : { device };
  const engine = await testLoad(bytes, { ...given, clock: systemClock, options: { contextLength: 64, debug } }).run();
  const prompts = [
    [1, 2, 3],
    [5, 4],
  ];
  const tokens = await Promise.all(
    prompts.map(
      (prompt, i) =>
        new Promise<number[]>((resolve) => {
          const chosen: number[] = [];
          engine.submit(i, { kind: 'completion', body: { prompt, max_tokens: 8, temperature: 0 } }, (event) => {
            if (event.type === 'token') chosen.push(event.tokenId);
            if (event.type === 'ended') resolve(chosen);
          });
        }),
    ),
  );
  const stats = engine.stats();
  await engine.close();
  return { tokens, stats };
}

describe('a model that is loaded onto HIP', () => {
  it('chooses the reference’s tokens, each kernel measured', async () => {
    const { bytes } = await readZoo('llama-yarn');
    const model = Uint8Array.from(bytes);
    const { tokens, stats } = await answers(model, await openSimulator({ wave: 32, seed: 6, profile: true }));
    expect(tokens.flat()).toHaveLength(16);
    expect(tokens).toEqual((await answers(model, undefined)).tokens);
    // Every launch was measured.
    const { kernelTimes, total } = stats;
    expect(kernelTimes.reduce((sum, { dispatches }) => sum + dispatches, 0)).toBe(total.dispatches);
    expect(kernelTimes.filter(({ gpuMs }) => !(gpuMs > 0))).toEqual([]);
    expect(kernelTimes.map(({ kernel }) => kernel.split('.')[0])).toEqual(
      expect.arrayContaining(['embed_norm', 'qkv_lanes', 'matvec_lanes', 'attention', 'matmul']),
    );
  });
});
