// How every script of this folder runs: one place for signals, exit codes, child processes and plain-word failures.
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ROOT } from './paths.mjs';

const OLDEST_NODE = [20, 19];
const KILL_AFTER_MS = 10_000;
const SECOND_SIGNAL_MS = 200;
/** What `timeout` ends with. */
const TIMEOUT_CODE = 124;
/** What shells and programs end with after Ctrl+C: 128 and the signal's number. */
const INTERRUPTED_CODE = 130;

/** A failure whose message is for the person at the terminal: printed without a stack. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** Thrown when Ctrl+C or a termination signal ends the work. */
export class Interrupted extends Error {
  name = 'Interrupted';

  constructor() {
    super('Interrupted.');
  }
}

/** @param {unknown} error */
export function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return cause && !error.message.includes(cause) ? `${error.message}: ${cause}` : error.message;
}

/**
 * Runs a script's `main` and ends the process with its exit code. SIGINT, SIGTERM and SIGHUP abort the signal that
 * `main` gets; `main` then has to clean up and return or throw `Interrupted`.
 * @param {(signal: AbortSignal) => Promise<number>} main resolves with the exit code
 * @param {number} [interruptedCode] exit code after a signal
 */
export async function runScript(main, interruptedCode = INTERRUPTED_CODE) {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => controller.abort(new Interrupted()));
  }
  try {
    requireNode();
    process.exitCode = await main(controller.signal);
  } catch (error) {
    const interrupted = controller.signal.aborted || error instanceof Interrupted;
    process.exitCode = interrupted ? interruptedCode : 1;
    if (!interrupted) console.error(error instanceof SetupError ? `\n${error.message}` : error);
  }
  // npm passes Ctrl+C on to a process that has it already. Coming while Node takes itself down, the second one would kill.
  if (controller.signal.aborted) await delay(SECOND_SIGNAL_MS);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupError(
    `Forgelight needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}. Install a newer one from https://nodejs.org/.`,
  );
}

/**
 * What `parse`, a call of `parseArgs`, reads of the command line. Throws `SetupError` for what is not an option of the script, with `usage`, which
 * says what there is.
 * @template T
 * @param {string} usage
 * @param {() => T} parse
 * @returns {T}
 */
export function readOptions(usage, parse) {
  try {
    return parse();
  } catch (error) {
    throw new SetupError(`${reasonOf(error)}.\n${usage}`);
  }
}

/** Of a script that takes no words. @param {string} [usage] */
export function readNoOptions(usage = 'It takes no options.') {
  readOptions(usage, () => parseArgs({ options: {} }));
}

/**
 * @typedef {object} RunOptions
 * @property {AbortSignal} [signal] ends the child, waits for it and rejects with `Interrupted`
 * @property {NodeJS.ProcessEnv} [env] added to the environment
 * @property {boolean} [quiet] keeps the output away from the terminal; it is in the result either way
 * @property {number} [timeoutMs] after that long the child is ended; no limit if not given
 */

/**
 * Runs a command in the repository root and waits for it. The result's `output` is what it printed when `quiet`,
 * else ''. A command that cannot be started has `code` 127, one that took too long 124, and the output says so.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, { signal, env = {}, quiet = false, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Interrupted());
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));

    /** @type {NodeJS.Timeout | undefined} */
    let killTimer;
    const stop = () => {
      child.kill('SIGTERM');
      killTimer ??= setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    };
    signal?.addEventListener('abort', stop, { once: true });
    let isLate = false;
    const timer =
      timeoutMs &&
      setTimeout(() => {
        isLate = true;
        stop();
      }, timeoutMs);
    const finish = () => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      signal?.removeEventListener('abort', stop);
    };
    child.on('error', (error) => {
      finish();
      resolve({ code: 127, output: error.message });
    });
    child.on('close', (code, killedBy) => {
      finish();
      // Ctrl+C reaches every program of the terminal: the child may have ended by it before we heard of it.
      if (isLate) {
        const late = `${command} took longer than ${timeoutMs} ms.`;
        if (!quiet) console.error(late);
        resolve({ code: TIMEOUT_CODE, output: `${output}\n${late}` });
      } else if (signal?.aborted || killedBy === 'SIGINT' || code === INTERRUPTED_CODE) reject(new Interrupted());
      else resolve({ code: code ?? 1, output });
    });
  });
}

/**
 * Runs one of this repository's own Node programs.
 * @param {readonly string[]} args script and its arguments
 * @param {RunOptions} [options]
 */
export function runNode(args, options) {
  return run(process.execPath, args, options);
}
