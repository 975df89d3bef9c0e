import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useTempFolder } from '../testing/temp-folder.mjs';
import { countPlaywright, countVitest, readCounts } from './counts.mjs';

const inFolder = useTempFolder();

/** @param {string} status @param {string[]} tests */
function file(status, ...tests) {
  return { status, assertionResults: tests.map((test) => ({ status: test })) };
}

describe('counts', () => {
  it('counts what did not pass as failed, skipped tests and broken files too', () => {
    const testResults = [
      file('passed', 'passed', 'passed'),
      file('failed', 'failed', 'passed'),
      file('failed'),
      file('passed', 'skipped'),
    ];
    expect(countVitest({ testResults })).toEqual({ passed: 3, failed: 3 });
    const stats = { expected: 4, unexpected: 1, flaky: 1, skipped: 1 };
    expect(countPlaywright({ stats, errors: [{}] })).toEqual({ passed: 4, failed: 4 });
  });

  it('is never all green for a suite that was not', async () => {
    const read = (/** @type {unknown} */ report, /** @type {number} */ code) => {
      writeFileSync(inFolder('r.json'), JSON.stringify(report));
      return readCounts(inFolder('r.json'), countVitest, code);
    };
    const green = { testResults: [file('passed', 'passed')] };
    expect(await read(green, 0)).toEqual({ passed: 1, failed: 0, note: '' });
    expect(await read(green, 1)).toEqual({ passed: 1, failed: 1, note: 'ended with code 1' });
    expect(await read({ testResults: [] }, 0)).toEqual({ passed: 0, failed: 1, note: 'no test ran' });
    expect(await readCounts(inFolder('none.json'), countVitest, 0)).toMatchObject({ passed: 0, failed: 1 });
  });
});
