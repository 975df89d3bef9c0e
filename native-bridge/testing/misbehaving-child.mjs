// An engine process that behaves badly in the way that its argument names; run by tests as a process of its own.
import { spawn } from 'node:child_process';

const [, , manner] = process.argv;
const INFO = {
  model: { name: 'bad', sha256: 'ab'.repeat(32), contextLength: 1, vocabularySize: 1, sizeBytes: 1 },
  device: { kind: 'reference', name: 'none', features: [] },
  notes: [],
  systemFingerprint: 'fl-bad',
  kvCacheTokens: 1,
};

/** Does its start and load as a good one does. */
function answer(onBeat = () => process.send({ type: 'beat', generation }), onLoaded = () => undefined) {
  process.on('message', (message) => {
    generation = message.generation;
    if (message.type === 'start') process.send({ type: 'hello', generation });
    if (message.type === 'beat') onBeat();
    if (message.type !== 'load') return;
    process.send({ type: 'loaded', generation, result: { ok: true, value: INFO } });
    onLoaded();
  });
}

let generation = 0;
const MANNERS = {
  /** Lives, and says nothing. */
  silent: () => setInterval(() => undefined, 1000),
  /** Minds no SIGTERM. */
  stubborn() {
    process.on('SIGTERM', () => undefined);
    answer();
  },
  /** Stands still once it has its model. */
  stuck: () =>
    answer(undefined, () => {
      process.on('SIGTERM', () => undefined);
      for (;;);
    }),
  /** Writes without an end: short lines, and one that never ends. */
  chatty() {
    const write = () => {
      process.stdout.write('a line\n'.repeat(2000));
      process.stderr.write('x'.repeat(20_000));
      setImmediate(write);
    };
    answer(undefined, write);
  },
  /** Ends itself, and leaves somebody behind who holds its pipes, in a group of his own. */
  'survived by a stranger': () => leaveBehind(true),
  /** The same, in its own group. */
  'survived by a child': () => leaveBehind(false),
  /** A probe that says which of some variables it has. */
  environment() {
    const seen = ['HF_TOKEN', 'FORGELIGHT_UPSTREAM_KEY', 'SEEN'].filter((name) => process.env[name] !== undefined);
    tell({ answer: seen });
  },
  /** A probe whose library ends the process, as runtime compilers do. */
  aborting() {
    process.stderr.write('LLVM ERROR: unknown target\n');
    tell({ doing: 'compiling for gfx906' }, () => process.abort());
  },
  /** A probe that does not come back. */
  sleeping: () => tell({ doing: 'waiting for the driver' }, () => setInterval(() => undefined, 1000)),
  /** A probe of many steps, whose answer is long, and whose library has a lot to say meanwhile. */
  thorough() {
    for (let i = 0; i < 600; i++) {
      process.stdout.write('a library tells what it does\n');
      tell({ doing: `testing ${i}`, step: { what: `kernel ${i}`, format: null, done: i, of: 600 } });
    }
    tell({ answer: Array.from({ length: 600 }, (_, i) => `kernel ${i}: other sums than the CPU’s`) });
  },
  /** A probe that answers, and whose process dies after it. */
  late() {
    process.stdout.write('a library says hello\n');
    tell({ answer: 5 }, () => process.abort());
  },
  /** Closes its channel, and lives. */
  unreachable: () =>
    answer(undefined, () => {
      process.on('SIGTERM', () => undefined);
      setInterval(() => undefined, 1000);
      process.disconnect();
    }),
};

/** As a probe does. */
function tell(told, then = () => undefined) {
  process.send(told, then);
}

/** Who is left minds no SIGTERM, and nobody's leaving. */
const LEFT = `
for (const name of ['SIGTERM', 'disconnect']) process.on(name, () => undefined);
setTimeout(() => undefined, 60_000);
process.send('here');
`;

function leaveBehind(detached) {
  answer(undefined, () => {
    const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
    const left = spawn(process.execPath, ['-e', LEFT], { detached, stdio });
    left.once('message', () => process.stdout.write(`left ${left.pid}\n`, () => process.exit(7)));
  });
}

MANNERS[manner]();
