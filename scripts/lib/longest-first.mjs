import { join } from 'node:path';
import { BaseSequencer } from 'vitest/node';
import { ROOT } from './paths.mjs';

/** A fresh checkout has no times of an earlier run, and the largest file is not the longest. */
export const LONGEST = [
  'native-bridge/hip/kernels.bridge.test.ts',
  'native-bridge/hip/quant.bridge.test.ts',
  'native-bridge/hip/code-objects.bridge.test.ts',
  'native-bridge/hip/daemon.bridge.test.ts',
  'test/simulation/simulation.test.ts',
];

/** Begins with the files that take longest, so that no core waits for the last one. */
export class LongestFirst extends BaseSequencer {
  /** @param {import('vitest/node').TestSpecification[]} files @returns {Promise<import('vitest/node').TestSpecification[]>} */
  async sort(files) {
    const paths = LONGEST.map((file) => join(ROOT, file));
    const rank = (/** @type {import('vitest/node').TestSpecification} */ { moduleId }) => {
      const at = paths.indexOf(moduleId);
      return at < 0 ? paths.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
