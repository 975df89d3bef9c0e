// The file of `npm run bench --history`: one run a line.
import { access, appendFile, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { reasonOf, SetupError } from './command.mjs';

/** @typedef {import('./bench-table.mjs').BenchResult} BenchResult */

/**
 * The runs that the file holds, the first one first; none where there is no file yet. It is read before anything is measured: throws `SetupError`
 * for a file that cannot be read, or made, and for a line that is no run.
 * @param {string} path @returns {Promise<BenchResult[]>}
 */
export async function readHistory(path) {
  const text = await readText(path);
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const run = runOf(line);
    if (run !== null) return [run];
    throw new SetupError(
      `--history "${path}": line ${i + 1} is no run of this command. Take it out, or give another file.`,
    );
  });
}

/** @param {string} path */
async function readText(path) {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const isNew = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const folderProblem = isNew ? await access(dirname(path)).then(() => null, reasonOf) : reasonOf(error);
    if (folderProblem === null) return '';
    throw new SetupError(`--history "${path}" cannot be read or made: ${folderProblem}.`);
  }
}

/** @param {string} line @returns {BenchResult | null} */
function runOf(line) {
  try {
    const run = JSON.parse(line);
    const isRun =
      typeof run.info.device.name === 'string' &&
      typeof run.info.model.sha256 === 'string' &&
      typeof run.date === 'string' &&
      run.loadSeconds > 0 &&
      Array.isArray(run.answers) &&
      run.answers.every((/** @type {any} */ one) => one.context > 0 && typeof one.timings.predicted_n === 'number');
    return isRun ? run : null;
  } catch {
    return null;
  }
}

/** The last of the runs on the adapter, and of the model, of `run`. @param {readonly BenchResult[]} runs @param {BenchResult} run */
export function lastLike(runs, run) {
  const key = (/** @type {BenchResult} */ { info }) => `${info.device.name} ${info.model.sha256}`;
  return runs.findLast((earlier) => key(earlier) === key(run));
}

/** Behind the others, in a line of its own whatever the last one ends with. @param {string} path @param {BenchResult} run */
export async function addToHistory(path, run) {
  const text = await readText(path);
  const isOpen = text !== '' && !text.endsWith('\n');
  await appendFile(path, `${isOpen ? '\n' : ''}${JSON.stringify(run)}\n`);
}
