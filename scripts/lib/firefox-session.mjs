// Starts a Firefox as it is published, and drives it by WebDriver BiDi: Playwright drives builds of its own alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 10_000;
const GONE = 'Firefox has gone.';
/** The whole line: it may come in pieces. */
const LISTENING = /WebDriver BiDi listening on (ws:\/\/\S+)\s/;
/** Of what a browser that ends leaves behind, until its last process is gone. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 200 };

/** WebGPU where it is off by default and where drivers are blocked, which software ones are; and nothing that calls home. */
const PREFERENCES = {
  'dom.webgpu.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
};

/**
 * @typedef {object} Session
 * @property {(method: string, params: object) => Promise<any>} send a command of WebDriver BiDi; rejects once the browser has gone
 * @property {(url: string) => Promise<void>} open resolves when the page is loaded
 * @property {(code: string, ...args: readonly unknown[]) => Promise<any>} call a function's text, in the page, with plain data
 * @property {readonly string[]} problems what the pages' consoles had of errors, and errors that nobody caught
 * @property {() => Promise<void>} close ends the browser, also one that answers no more, and removes its profile
 */

/**
 * @param {{ executablePath: string, env: Readonly<Record<string, string>>, startTimeoutMs?: number, endTimeoutMs?: number }} options
 * @returns {Promise<Session>}
 */
export async function startFirefox({ executablePath, env, ...timeouts }) {
  const { startTimeoutMs = START_TIMEOUT_MS, endTimeoutMs = END_TIMEOUT_MS } = timeouts;
  const profile = await mkdtemp(join(tmpdir(), 'forgelight-firefox-'));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
  await writeFile(join(profile, 'user.js'), lines.join('\n'));
  const child = spawnFirefox(executablePath, profile, env);
  // A test that is interrupted closes nothing, and Ctrl+C does not reach another group.
  const endAtOnce = () => {
    killGroup(child);
    rmSync(profile, REMOVAL);
  };
  process.once('exit', endAtOnce);
  const end = async (/** @type {number} */ withinMs) => {
    await endGroup(child, withinMs);
    process.off('exit', endAtOnce);
    await rm(profile, REMOVAL);
  };
  let isLate = false;
  // What waits for it then hears that it has gone.
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(child);
  }, startTimeoutMs);
  try {
    const connection = await connect(`${await debuggingAddress(child)}/session`);
    return await openSession(connection, async () => {
      // Not awaited: a browser that hangs does not answer.
      void connection.send('browser.close', {}).catch(() => undefined);
      await end(endTimeoutMs);
      connection.end();
    });
  } catch (error) {
    await end(0);
    throw isLate ? new Error(`Firefox was not there within ${startTimeoutMs} ms`, { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** @param {string} executablePath @param {string} profile @param {Readonly<Record<string, string>>} env */
function spawnFirefox(executablePath, profile, env) {
  const args = ['--headless', '--no-remote', '--remote-debugging-port', '0', '--profile', profile];
  // Of its own: it keeps more than the profile there, and as root it refuses the home of somebody else.
  const own = { HOME: profile, XDG_RUNTIME_DIR: profile, MOZ_CRASHREPORTER_DISABLE: '1' };
  return spawn(executablePath, args, {
    env: { ...process.env, ...own, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A process group of its own, so that all of its processes end.
    detached: true,
  });
}

/** @param {ReturnType<typeof spawnFirefox>} child @returns {Promise<string>} */
function debuggingAddress(child) {
  return new Promise((resolve, reject) => {
    let printed = '';
    const fail = (/** @type {string} */ what) => reject(new Error(`Firefox ${what}. It printed: ${printed.trim()}`));
    const read = (/** @type {unknown} */ chunk) => {
      const [, address] = LISTENING.exec((printed += String(chunk))) ?? [];
      if (address === undefined) return;
      // What it prints from now on is nobody's, but has to go somewhere.
      child.stderr.off('data', read).resume();
      resolve(address);
    };
    child.stderr.on('data', read);
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('exit', (code) => fail(`ended with code ${code}`));
  });
}

/**
 * @typedef {object} Connection
 * @property {Session['send']} send
 * @property {(listener: (method: string, params: any) => void) => void} onEvent
 * @property {() => void} end
 */

/** @param {string} address @returns {Promise<Connection>} */
async function connect(address) {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, 'open');
  // It closes then.
  socket.on('error', (error) => console.error(error));
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  /** @type {((method: string, params: any) => void)[]} */
  const listeners = [];
  let sent = 0;
  socket.on('message', (data) => {
    const { id, method, params, error, message, result } = JSON.parse(/** @type {Buffer} */ (data).toString());
    if (id === undefined) for (const listener of listeners) listener(method, params);
    else if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(`${error}: ${message}`));
    waiting.delete(id);
  });
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error(GONE));
    waiting.clear();
  });
  return {
    send: (method, params) =>
      new Promise((resolve, reject) => {
        // To a socket that is closed, nothing would be sent, and nobody be told.
        if (socket.readyState !== WebSocket.OPEN) return reject(new Error(GONE));
        sent += 1;
        waiting.set(sent, { resolve, reject });
        socket.send(JSON.stringify({ id: sent, method, params }));
      }),
    onEvent: (listener) => void listeners.push(listener),
    end: () => socket.terminate(),
  };
}

/** @param {Connection} connection @param {() => Promise<void>} close @returns {Promise<Session>} */
async function openSession({ send, onEvent }, close) {
  await send('session.new', { capabilities: {} });
  await send('session.subscribe', { events: ['log.entryAdded'] });
  /** @type {string[]} */
  const problems = [];
  onEvent((method, { level, text }) => {
    if (method === 'log.entryAdded' && level === 'error') problems.push(text);
  });
  const [{ context }] = (await send('browsingContext.getTree', {})).contexts;
  return {
    send: (method, params) => send(method, { context, ...params }),
    open: (url) => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    call: async (code, ...args) => {
      const { type, result, exceptionDetails } = await send('script.callFunction', {
        functionDeclaration: `async (args) => JSON.stringify((await (${code})(...JSON.parse(args))) ?? null)`,
        arguments: [{ type: 'string', value: JSON.stringify(args) }],
        target: { context },
        awaitPromise: true,
        userActivation: true,
      });
      if (type === 'exception') throw new Error(`in Firefox: ${exceptionDetails.text}`);
      return JSON.parse(result.value);
    },
    problems,
    close,
  };
}

/**
 * When all of its processes have ended: the first by itself within so long, the others with it.
 * @param {import('node:child_process').ChildProcess} child @param {number} withinMs
 */
async function endGroup(child, withinMs) {
  if (child.pid === undefined) return;
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    const timer = setTimeout(() => killGroup(child), withinMs);
    await ended;
    clearTimeout(timer);
  }
  killGroup(child);
}

/** @param {import('node:child_process').ChildProcess} child */
function killGroup({ pid }) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
