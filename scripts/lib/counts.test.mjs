import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTempFolder } from '../testing/temp-folder.mjs';
import { allFailed, countPlaywright, countVitest, failureLines, readCounts } from './counts.mjs';
import { ROOT } from './paths.mjs';

const inFolder = useTempFolder();

/** A file of vitest's report. @param {string} status @param {string[]} tests how each ended */
function file(status, ...tests) {
  return {
    name: join(ROOT, 'src/a.test.ts'),
    status,
    message: tests.length === 0 ? 'Cannot find module\nstack' : '',
    assertionResults: tests.map((ended, index) => ({
      status: ended,
      ancestorTitles: ['group'],
      title: `test ${index}`,
      failureMessages:
        ended === 'failed' ? ['Error: \u001b[31mexpected\u001b[39m 1 to be 2\n    at src/a.test.ts:1:1'] : [],
    })),
  };
}

/** A test of Playwright's report. @param {string} title @param {string} status @param {string} [message] */
function spec(title, status, message) {
  const results = message === undefined ? [] : [{ errors: [] }, { error: { message } }];
  return { title, tests: [{ status, results }] };
}

describe('counts', () => {
  it('counts what did not pass as failed, skipped tests and broken files too, and names each', () => {
    const testResults = [
      file('passed', 'passed', 'passed'),
      file('failed', 'failed', 'passed'),
      file('failed'),
      file('passed', 'skipped'),
      file('failed', 'passed'),
    ];
    const { passed, failures } = countVitest({ testResults });
    expect(passed).toBe(4);
    expect(failureLines('unit', failures)).toEqual([
      'FAILED  unit › src/a.test.ts › group › test 0: Error: expected 1 to be 2',
      'FAILED  unit › src/a.test.ts: Cannot find module',
      'FAILED  unit › src/a.test.ts › group › test 0: it did not run (skipped)',
      'FAILED  unit › src/a.test.ts: it says no reason; see above',
    ]);
  });

  it('says that a test timed out', () => {
    const [test] = file('failed', 'failed').assertionResults;
    const late = { ...test, duration: 20_004, failureMessages: ['Error: STACK_TRACE_ERROR\n    at src/a.test.ts:1:1'] };
    const { failures } = countVitest({ testResults: [{ ...file('failed'), assertionResults: [late] }] });
    expect(failureLines('unit', failures)).toEqual([
      'FAILED  unit › src/a.test.ts › group › test 0: timed out after 20 s',
    ]);
  });

  it('reads the same of Playwright, with what was expected and what came', () => {
    const message =
      'Error: \u001b[2mexpect(\u001b[22mreceived).toBe(expected)\n\nExpected: \u001b[32m""\u001b[39m\nReceived: "x"\n\n  12 | code';
    const inner = { title: 'group', specs: [spec('wrong', 'unexpected', message), spec('left out', 'skipped')] };
    const suites = [
      { title: 'a.spec.ts', specs: [spec('good', 'expected'), spec('now and then', 'flaky', 'late')], suites: [inner] },
      { title: 'b.spec.ts', specs: [spec('good too', 'expected')] },
    ];
    const { passed, failures } = countPlaywright({ suites, errors: [{ message: 'no server' }] });
    expect(passed).toBe(2);
    expect(failureLines('e2e', failures)).toEqual([
      'FAILED  e2e: no server',
      'FAILED  e2e › a.spec.ts › now and then: late',
      'FAILED  e2e › a.spec.ts › group › wrong: Error: expect(received).toBe(expected) · Expected: "" · Received: "x"',
      'FAILED  e2e › a.spec.ts › group › left out: it did not run (skipped)',
    ]);
  });

  it('reads the whole of what came where that has lines of its own', () => {
    const message =
      'Error: failed\n\nLocator: byId(1)\nExpected pattern: /a/\nReceived string:  "\n\n  Paris.\n  "\nTimeout: 5ms\n\nCall log:\n  - "x"';
    const suites = [{ title: 'a.spec.ts', specs: [spec('wrong', 'unexpected', message)] }];
    const { failures } = countPlaywright({ suites, errors: [] });
    expect(failureLines('e2e', failures)).toEqual([
      'FAILED  e2e › a.spec.ts › wrong: Error: failed · Locator: byId(1) · Expected pattern: /a/ · Received string:  " Paris. " · Timeout: 5ms',
    ]);
  });

  it('keeps a line short, and leaves room for what failed in other suites', () => {
    const failures = Array.from({ length: 50 }, (_, index) => ({ names: [`${index}`], message: 'x'.repeat(1000) }));
    const lines = failureLines('unit', failures);
    expect(lines.length).toBe(41);
    expect(lines.at(-1)).toBe('FAILED  unit: and 10 more');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(330);
    expect(failureLines('unit', [])).toEqual([]);
  });

  it('is never all green for a suite that was not', async () => {
    const read = (/** @type {unknown} */ report, /** @type {number} */ code) => {
      writeFileSync(inFolder('r.json'), JSON.stringify(report));
      return readCounts(inFolder('r.json'), countVitest, code);
    };
    const green = { testResults: [file('passed', 'passed')] };
    expect(await read(green, 0)).toEqual({ passed: 1, failures: [] });
    expect(await read(green, 1)).toEqual({ passed: 1, failures: [{ names: [], message: 'ended with code 1' }] });
    expect(await read({ testResults: [] }, 0)).toEqual(allFailed('no test ran'));
    const { passed, failures } = await readCounts(inFolder('none.json'), countVitest, 0);
    expect(passed).toBe(0);
    expect(failureLines('unit', failures)).toEqual([expect.stringMatching(/^FAILED {2}unit: no report \(ENOENT/)]);
  });
});
