// Reads how many tests passed and failed out of the JSON reports of vitest and Playwright.
import { readFile } from 'node:fs/promises';

/** @typedef {{ passed: number, failed: number }} Counts */

/**
 * A test that did not run counts as failed: nothing here is skipped. So does a file that could not be loaded.
 * @param {any} report vitest's
 * @returns {Counts}
 */
export function countVitest(report) {
  const files = report.testResults;
  const brokenFiles = files.filter((file) => file.status === 'failed' && file.assertionResults.every(passed)).length;
  const tests = files.flatMap((file) => file.assertionResults);
  const good = tests.filter(passed).length;
  return { passed: good, failed: tests.length - good + brokenFiles };
}

const passed = (test) => test.status === 'passed';

/**
 * @param {any} report Playwright's
 * @returns {Counts}
 */
export function countPlaywright({ stats, errors }) {
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky + stats.skipped + errors.length };
}

/**
 * The counts of a suite that ended with `code`. Never all green when the command was not: a suite without a report,
 * without a test, or with an error outside of its tests has a failure.
 * @param {string} reportPath
 * @param {(report: any) => Counts} count
 * @param {number} code
 * @returns {Promise<Counts & { note: string }>}
 */
export async function readCounts(reportPath, count, code) {
  /** @type {Counts} */
  let counts;
  try {
    counts = count(JSON.parse(await readFile(reportPath, 'utf8')));
  } catch (error) {
    return { passed: 0, failed: 1, note: `no report (${/** @type {Error} */ (error).message})` };
  }
  if (counts.passed + counts.failed === 0) return { passed: 0, failed: 1, note: 'no test ran' };
  if (code !== 0 && counts.failed === 0) return { ...counts, failed: 1, note: `ended with code ${code}` };
  return { ...counts, note: '' };
}
