// Stands in for Firefox in tests: prints where WebDriver BiDi listens, answers every command, and does what STAND_IN says.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { WebSocketServer } from 'ws';

/**
 * `mute`: it never listens · `hangs`: it answers nothing but what opens a session · `waits`: no script ends · `dies`: with the first script
 * · `complains`: of every script and every address
 */
const behaviour = process.env.STAND_IN ?? 'well';

/** A test that fails to end it leaves nothing behind for longer. */
const LIFE_MS = 120_000;
setTimeout(() => process.exit(), LIFE_MS);
// As Firefox has: a process for pages, which outlives the first one here.
const page = spawn(process.execPath, ['-e', `setTimeout(() => {}, ${LIFE_MS})`], { stdio: 'ignore' });
const profile = process.argv[process.argv.indexOf('--profile') + 1];
writeFileSync(String(process.env.STAND_IN_REPORT), JSON.stringify({ profile, pids: [process.pid, page.pid] }));

const COMPLAINTS = ['warn', 'error'].map((level) => ({
  method: 'log.entryAdded',
  params: { level, text: `a ${level}` },
}));

/** What is sent for a command. @param {number} id @param {string} method */
function messagesOf(id, method) {
  const isComplaint = behaviour === 'complains';
  if (isComplaint && method === 'script.callFunction')
    return [...COMPLAINTS, { id, result: { type: 'exception', exceptionDetails: { text: 'Error: no' } } }];
  if (isComplaint && method === 'browsingContext.navigate')
    return [{ id, error: 'unknown error', message: 'no such page' }];
  return [{ id, result: resultOf(method) }];
}

/** @param {string} method */
function resultOf(method) {
  if (method === 'browsingContext.getTree') return { contexts: [{ context: 'only' }] };
  return method === 'script.callFunction' ? { type: 'success', result: { value: '"said"' } } : {};
}

if (behaviour !== 'mute') {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) =>
    socket.on('message', (data) => {
      const { id, method } = JSON.parse(/** @type {Buffer} */ (data).toString());
      const opens = method.startsWith('session.') || method === 'browsingContext.getTree';
      if (behaviour === 'hangs' && !opens) return;
      if (behaviour === 'waits' && method === 'script.callFunction') return;
      if (behaviour === 'dies' && method === 'script.callFunction') process.exit(1);
      for (const message of messagesOf(id, method)) socket.send(JSON.stringify(message));
      if (method === 'browser.close') process.exit(0);
    }),
  );
  server.on('listening', () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    // In two pieces, the first of which ends within the port.
    process.stderr.write(`WebDriver BiDi listening on ws://127.0.0.1:${String(port).slice(0, 2)}`);
    setTimeout(() => process.stderr.write(`${String(port).slice(2)}\n`), 100);
  });
}
