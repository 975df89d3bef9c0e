import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ChosenVariants } from '../../src/models/choose-variants';
import { createVariantFile } from './variant-file';

const CHOICE: ChosenVariants = { matvec: 'rows', rounded: null, batch: [1], chunks: [64], notes: [] };
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-variants-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('keeps what was chosen, beside what others chose', async () => {
  const reports: unknown[] = [];
  const path = join(folder, 'state', 'variants.json');
  const cache = (): ReturnType<typeof createVariantFile> => createVariantFile(path, (error) => reports.push(error));
  expect(await cache().get('a')).toBeNull();
  await cache().set('a', CHOICE);
  await cache().set('b', { ...CHOICE, notes: ['slow'] });
  expect([await cache().get('a'), await cache().get('b')]).toEqual([CHOICE, { ...CHOICE, notes: ['slow'] }]);
  expect(reports).toEqual([]);
});

it('costs a new probe where it is damaged, and is whole again after it', async () => {
  const reports: unknown[] = [];
  const path = join(folder, 'variants.json');
  const cache = createVariantFile(path, (error) => reports.push(error));
  await writeFile(path, '{"a": {');
  expect(await cache.get('a')).toBeNull();
  expect(reports.length).toBe(1);
  await cache.set('a', CHOICE);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ a: CHOICE });
});
