import { join } from 'node:path';
import { systemClock as clock } from '../../src/base/system-clock';
import { timeoutsFromEnvironment } from '../../src/protocol/timeouts';
import { ModelStore } from '../../src/store/model-store';
import { nodeStorePorts } from '../../src/store/node-fs/node-store';
import { openEngineBackend } from '../engine/open-engine-backend';

/** A daemon without its server: it loads a model, answers, loses its engine process, and says where it is, a word a line. SIGTERM ends it. */
const [, , command = '', folder = '', model = ''] = process.argv;
const modelsFolder = join(folder, 'models');
const say = (word: string): void => void process.stdout.write(`${word}\n`);
const report = (error: unknown): void => console.error(error);

const engines: number[] = [];
const backend = openEngineBackend({
  command,
  env: process.env,
  store: new ModelStore(nodeStorePorts(modelsFolder, { clock, random: Math.random }), { clock, now: Date.now, report }),
  start: { device: 'reference', modelsFolder, stateFolder: join(folder, 'state') },
  timeouts: timeoutsFromEnvironment(process.env),
  log: (text) => {
    const pid = /started, with the number (\d+)/.exec(text)?.[1];
    if (pid === undefined) return;
    engines.push(Number(pid));
    say(`engine ${pid}`);
  },
});
let isEnding = false;
process.on('SIGTERM', () => {
  isEnding = true;
  void backend.close().then(() => process.exit(0));
});

let status = '';
setInterval(() => {
  const state = backend.state();
  const now = state.status === 'loading' && state.loaded > 0 ? 'loading bytes' : state.status;
  if (now !== status) say(now);
  status = now;
}, 1);

/** Several events may come before it is known to be gone. */
function killOnce(pid: number): void {
  if (killed !== pid) process.kill(pid, 'SIGKILL');
  killed = pid;
}

let killed = 0;
const asked = { signal: new AbortController().signal, asks: 'native' } as const;
const prompt = Array.from({ length: 100 }, (_, i) => 3 + (i % 50));
async function answer(): Promise<void> {
  const { host } = await backend.engine(model, asked);
  const { port1, port2 } = new MessageChannel();
  let tokens = 0;
  port1.addEventListener('message', ({ data }: MessageEvent<{ type: string }>) => {
    port1.postMessage(null);
    tokens += data.type === 'token' ? 1 : 0;
    if (data.type === 'accepted') say('prefilling');
    if (tokens === 3) say('decoding');
    const [engine, ...later] = engines;
    if (tokens === 6 && engine !== undefined && later.length === 0) killOnce(engine);
  });
  port1.start();
  port1.postMessage(null);
  host.submit(
    1,
    { kind: 'completion', body: { prompt, max_tokens: 20, temperature: 0, logit_bias: { 2: -100 } } },
    port2,
  );
}

answer().catch((error: unknown) => {
  if (!isEnding) throw error;
});
