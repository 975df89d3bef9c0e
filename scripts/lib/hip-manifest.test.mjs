import { describe, expect, it } from 'vitest';
import { TARGETS, textHash, unitsOf } from './hip-build.mjs';
import { addObject, factsOf, forgetChanged, readManifest } from './hip-manifest.mjs';

describe('the manifest of the HIP kernels', () => {
  it('is of the kernels as they are: after a change "node scripts/hip.mjs --manifest" writes it', async () => {
    const units = await unitsOf();
    const hashes = await Promise.all(units.map((unit) => textHash({ unit, simulated: false })));
    const now = Object.fromEntries(units.map((unit, i) => [unit, hashes[i]]));
    expect((await readManifest()).sources).toEqual(now);
  });

  it('has every unit for each GPU, and says of each what is in it', async () => {
    const manifest = await readManifest();
    const units = await unitsOf();
    for (const part of [manifest.objects, manifest.inside]) {
      expect(Object.keys(part).sort()).toEqual(TARGETS.toSorted());
      for (const [target, names] of Object.entries(part)) {
        expect(Object.keys(names).sort(), target).toEqual(units.toSorted());
      }
    }
    const named = Object.values(manifest.inside).flatMap((names) => Object.values(names));
    expect(Object.keys(manifest.facts).sort()).toEqual([...new Set(named)].sort());
  });

  it('forgets at once, for every GPU, the units whose text has changed: half of them made anew is not taken for all', () => {
    const facts = { spills: 0, privateBytes: 0, dot: '', anyMemory: '', kernels: {} };
    const manifest = { sources: { a: '1', b: '1' }, objects: {}, inside: {}, facts: {} };
    for (const target of ['gfx1', 'gfx2']) {
      for (const unit of ['a', 'b']) addObject(manifest, target, unit, 'old', facts);
    }
    forgetChanged(manifest, { a: '2', b: '1' });
    addObject(manifest, 'gfx1', 'a', 'new', { ...facts, spills: 1 });
    forgetChanged(manifest, { a: '2', b: '1' });
    expect(manifest.objects).toEqual({ gfx1: { a: 'new', b: 'old' }, gfx2: { b: 'old' } });
    expect(factsOf(manifest, 'gfx1', 'a')?.spills).toBe(1);
    expect(factsOf(manifest, 'gfx1', 'b')?.spills).toBe(0);
    expect(factsOf(manifest, 'gfx2', 'a')).toBeUndefined();
  });
});
