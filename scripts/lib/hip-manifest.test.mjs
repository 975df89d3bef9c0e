import { describe, expect, it } from 'vitest';
import { TARGETS, textHash, unitsOf } from './hip-build.mjs';
import { readManifest } from './hip-manifest.mjs';

describe('the manifest of the HIP kernels', () => {
  it('is of the kernels as they are: after a change "node scripts/hip.mjs --manifest" writes it', async () => {
    const units = await unitsOf();
    const hashes = await Promise.all(units.map((unit) => textHash({ unit, simulated: false })));
    const now = Object.fromEntries(units.map((unit, i) => [unit, hashes[i]]));
    expect((await readManifest()).sources).toEqual(now);
  });

  it('has every unit for each GPU that it names', async () => {
    const { objects } = await readManifest();
    const units = await unitsOf();
    expect(Object.keys(objects)).not.toEqual([]);
    for (const [target, hashes] of Object.entries(objects)) {
      expect(TARGETS).toContain(target);
      expect(Object.keys(hashes).sort(), target).toEqual(units.toSorted());
    }
  });
});
