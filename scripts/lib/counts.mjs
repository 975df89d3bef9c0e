// Reads which tests passed and failed out of the JSON reports of vitest and Playwright.
import { readFile } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './paths.mjs';

/**
 * `names` go from the file to the test; a suite that failed as a whole has none.
 * @typedef {{ names: string[], message: string }} Failure
 * @typedef {{ passed: number, failures: Failure[] }} Counts
 */

/** Of one suite: more would drive the other suites' out of the end of a log. */
const MOST_NAMED = 40;
const LONGEST_MESSAGE = 300;
/** What vitest's report has in the place of that message. */
const TIMED_OUT = 'Error: STACK_TRACE_ERROR';
const NO_MESSAGE = 'it says no reason; see above';

/**
 * A test that did not run counts as failed: nothing here is skipped. So does a file that could not be loaded.
 * @param {any} report vitest's
 * @returns {Counts}
 */
export function countVitest(report) {
  /** @type {Counts} */
  const counts = { passed: 0, failures: [] };
  for (const { name, status, message, assertionResults } of report.testResults) {
    const file = relative(ROOT, name).split(sep).join('/');
    const bad = assertionResults.filter((test) => test.status !== 'passed');
    counts.passed += assertionResults.length - bad.length;
    for (const { ancestorTitles, title, status: ended, failureMessages, duration } of bad) {
      const [said = ''] = failureMessages;
      const message = said.startsWith(TIMED_OUT) ? `timed out after ${Math.round(duration / 1000)} s` : said;
      counts.failures.push({ names: [file, ...ancestorTitles, title], message: message || notRun(ended, 'failed') });
    }
    if (status === 'failed' && bad.length === 0) counts.failures.push({ names: [file], message });
  }
  return counts;
}

/**
 * @param {any} report Playwright's
 * @returns {Counts}
 */
export function countPlaywright({ suites, errors }) {
  /** @type {Counts} */
  const counts = { passed: 0, failures: errors.map(({ message = '' }) => ({ names: [], message })) };
  const look = (/** @type {any} */ suite, /** @type {string[]} */ path) => {
    for (const { title, tests } of suite.specs ?? []) {
      for (const { status, results } of tests) {
        const message = results.find(({ error }) => error)?.error.message || notRun(status, 'unexpected');
        if (status === 'expected') counts.passed += 1;
        else counts.failures.push({ names: [...path, title], message });
      }
    }
    for (const inner of suite.suites ?? []) look(inner, [...path, inner.title]);
  };
  for (const file of suites) look(file, [file.title]);
  return counts;
}

/** @param {string} status @param {string} ran the status of a test that ran and failed */
function notRun(status, ran) {
  return status === ran ? '' : `it did not run (${status})`;
}

/**
 * The counts of a suite that ended with `code`. Never all green when the command was not: a suite without a report,
 * without a test, or with an error outside of its tests has a failure.
 * @param {string} reportPath
 * @param {(report: any) => Counts} count
 * @param {number} code
 * @returns {Promise<Counts>}
 */
export async function readCounts(reportPath, count, code) {
  /** @type {Counts} */
  let counts;
  try {
    counts = count(JSON.parse(await readFile(reportPath, 'utf8')));
  } catch (error) {
    return allFailed(`no report (${/** @type {Error} */ (error).message})`);
  }
  const { passed, failures } = counts;
  if (passed + failures.length === 0) return allFailed('no test ran');
  if (code !== 0 && failures.length === 0) return { passed, failures: allFailed(`ended with code ${code}`).failures };
  return counts;
}

/** A suite of which nothing passed. @param {string} message @returns {Counts} */
export function allFailed(message) {
  return { passed: 0, failures: [{ names: [], message }] };
}

/**
 * A line for each failure, for whoever sees only the end of a log.
 * @param {string} suite
 * @param {readonly Failure[]} failures
 */
export function failureLines(suite, failures) {
  const lines = failures
    .slice(0, MOST_NAMED)
    .map(({ names, message }) => `FAILED  ${[suite, ...names].join(' › ')}: ${inOneLine(message)}`);
  const left = failures.length - lines.length;
  return left > 0 ? [...lines, `FAILED  ${suite}: and ${left} more`] : lines;
}

/** The first line; Playwright says on others what it expected and what came. @param {string} message */
function inOneLine(message) {
  const [first = '', ...others] = stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const line = [first, ...valuesOf(others)].join(' · ');
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line || NO_MESSAGE;
}

/** What was expected and what came, each in a line of its own: text that came may have many. @param {readonly string[]} lines @returns {string[]} */
function valuesOf(lines) {
  /** @type {string[]} */
  const values = [];
  let isOpen = false;
  for (const line of lines) {
    const label = /^(?:Expected|Received|Locator|Timeout)\b[^:]*: */.exec(line);
    if (isOpen) values.push(`${values.pop() ?? ''} ${line}`);
    else if (label !== null) values.push(line);
    else continue;
    const value = isOpen ? line : line.slice(label?.[0].length);
    isOpen = isOpen ? !value.endsWith('"') : /^"(?:.*[^"])?$/.test(value);
  }
  return values;
}
