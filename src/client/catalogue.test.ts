import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import { GIB } from '../base/units';
import type { GgufFile } from '../gguf/types';
import { describeEncoder, describeNetwork } from '../models/registry';
import { chooseQuantisation, modelsOf } from '../store/choose-quantisation';
import { parseHubReference } from '../store/hub';
import { CATALOGUE, rateCatalogue } from './catalogue';
import { detectMemoryBudget } from './memory-budget';

/** What reading a file of this architecture and nothing else ends with. */
function failureOf(architecture: string): unknown {
  const metadata = new Map([['general.architecture', architecture]]);
  const file: GgufFile = { version: 3, metadata, tensors: [], alignment: 32, dataOffsetBytes: 0 };
  try {
    return describeEncoder(file) ?? describeNetwork(file);
  } catch (error) {
    return error instanceof ForgelightError ? error.code : error;
  }
}

describe('CATALOGUE', () => {
  it('has a dozen entries and more, each once', () => {
    expect(CATALOGUE.length).toBeGreaterThanOrEqual(12);
    for (const key of ['id', 'name', 'model'] as const) {
      expect(new Set(CATALOGUE.map((entry) => entry[key])).size).toBe(CATALOGUE.length);
    }
  });

  it('knows what is no architecture', () => {
    expect(failureOf('mamba9')).toBe('unsupported-architecture');
  });

  it.each(CATALOGUE)('$id can be loaded', (entry) => {
    const reference = parseHubReference(entry.model);
    if (reference.kind !== 'file') throw new Error('it names no file');
    const { path } = reference;
    const listed = modelsOf([{ path, sizeBytes: entry.sizeBytes, sha256: null }]);
    expect(chooseQuantisation(listed, entry.quantisation)).toMatchObject({ kind: 'chosen', model: { path } });
    expect(failureOf(entry.architecture)).toBe('bad-gguf');
    expect(entry.id).toMatch(/^[a-z0-9.-]+$/);
    expect(entry.description).toMatch(/^[A-Z].{20,}\.$/);
    expect(entry.sizeBytes).toBeLessThan(9e9);
    expect(entry.sizeBytes).toBeGreaterThan(5e7);
    expect(entry.contextLength).toBeGreaterThanOrEqual(2048);
    if (entry.sha256 !== undefined) expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/);
    else expect(entry.sizeBytes % 100_000).toBe(0); // nobody counted these bytes
  });

  it('is ordered by size within each purpose', () => {
    for (const purpose of ['chat', 'completion', 'embedding']) {
      const sizes = CATALOGUE.filter((entry) => entry.purpose === purpose).map(({ sizeBytes }) => sizeBytes);
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
      expect(sizes.length).toBeGreaterThan(0);
    }
  });
});

describe('rateCatalogue', () => {
  const ratings = (budget: number | null) =>
    rateCatalogue(budget)
      .filter(({ purpose }) => purpose === 'chat')
      .map(({ fits }) => fits);

  it('marks what fits', () => {
    expect(new Set(ratings(16 * GIB))).toEqual(new Set(['fits']));
    expect(new Set(ratings(null))).toEqual(new Set([null]));
    expect(ratings(0.1 * GIB)).not.toContain('fits');
    const small = ratings(2 * GIB);
    const rank = (fits: string | null): number => ['fits', 'fits-shorter', 'too-big'].indexOf(fits ?? '');
    expect(small.map(rank)).toEqual(small.map(rank).toSorted((a, b) => a - b));
    expect(new Set(small)).toEqual(new Set(['fits', 'fits-shorter', 'too-big']));
  });

  it('keeps the entries as they are', () => {
    expect(rateCatalogue(GIB)).toEqual(CATALOGUE.map((entry) => expect.objectContaining(entry)));
  });
});

describe('detectMemoryBudget', () => {
  const adapter = (maxBufferSize: number) => ({ requestAdapter: async () => ({ limits: { maxBufferSize } }) });

  it.each([
    ['a phone', { gpu: adapter(GIB), deviceMemory: 4 }, 2 * GIB],
    ['a small adapter', { gpu: adapter(0.25 * GIB), deviceMemory: 4 }, GIB],
    ['a machine that may be larger than it says', { gpu: adapter(2 * GIB), deviceMemory: 8 }, 8 * GIB],
    ['a browser that says nothing', { gpu: adapter(2 * GIB) }, 8 * GIB],
    ['a driver that exaggerates', { gpu: adapter(2 ** 50) }, 16 * GIB],
    ['no WebGPU', {}, null],
    ['no adapter', { gpu: { requestAdapter: async () => null } }, null],
  ])('guesses for %s', async (_, host, expected) => {
    expect(await detectMemoryBudget(host)).toBe(expected);
  });

  it('knows nothing outside of a browser', async () => {
    expect(await detectMemoryBudget()).toBeNull();
  });
});
