import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LONGEST, LongestFirst } from './longest-first.mjs';
import { ROOT } from './paths.mjs';

const project = { name: 'bridge', config: { sequence: { groupOrder: 0 }, isolate: true } };

it('begins with the longest files, and they are there', async () => {
  expect(LONGEST.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  const cache = { getFileTestResults: () => undefined, getFileStats: () => undefined };
  const sequencer = new LongestFirst(/** @type {any} */ ({ config: { root: ROOT }, cache }));
  const others = ['native-bridge/a.bridge.test.ts', 'native-bridge/z.bridge.test.ts'];
  const files = [others[0], ...[...LONGEST].reverse(), others[1]].map((file) => ({
    moduleId: join(ROOT, String(file)),
    project,
  }));
  const sorted = await sequencer.sort(/** @type {any} */ (files));
  expect(sorted.map(({ moduleId }) => moduleId)).toEqual([...LONGEST, ...others].map((file) => join(ROOT, file)));
});
