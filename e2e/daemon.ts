import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zooStore, type ZooStore } from '../native-bridge/testing/zoo-store';
import { defined } from '../src/base/assert';

const START_MS = 60_000;
const COMMAND = 'dist/bin/forgelight.js';

/** The built `forgelight serve` with one small model, on the device that works everywhere (the CPU), or before another server. */
export class RunningDaemon {
  private constructor(
    private child: ChildProcess,
    private readonly store: ZooStore,
    private readonly model: string,
    readonly url: string,
    private said: () => string,
  ) {}

  static async start(model: string, how: How = {}): Promise<RunningDaemon> {
    const store = await zooStore([model]);
    try {
      const { child, url, said } = await serve(store, model, '0', how);
      return new RunningDaemon(child, store, model, url, said);
    } catch (error) {
      await store.remove();
      throw error;
    }
  }

  /** Of the model's file. */
  get sha256(): string {
    return defined(this.store.hashes[this.model], 'the hash of the model');
  }

  /** Who may ask it, as its folder has it. */
  async grants(): Promise<readonly unknown[]> {
    const { grants } = JSON.parse(await readFile(join(this.store.stateFolder, 'access.json'), 'utf8')) as {
      readonly grants: readonly unknown[];
    };
    return grants;
  }

  /** What another of its commands says. */
  async command(...args: readonly string[]): Promise<string> {
    const env = environment(this.store);
    return (await promisify(execFile)(process.execPath, [COMMAND, ...args], { env })).stdout;
  }

  /** After `kill`: the same one where it was. */
  async again(): Promise<void> {
    const { child, said } = await serve(this.store, this.model, new URL(this.url).port);
    this.child = child;
    this.said = said;
  }

  /** The code that its terminal shows last. */
  code(): Promise<string> {
    return spoken(this.child, () => [...this.said().matchAll(/\b\d{3}-\d{3}\b/g)].at(-1)?.[0]);
  }

  /** As a power cut ends it. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    const { pid } = this.child;
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.store.remove();
  }
}

interface How {
  /** Another server, which answers instead of the model. */
  readonly upstream?: string;
  /** Which pages may pair. */
  readonly origins?: string;
}

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly said: () => string;
}

function environment(store: ZooStore): NodeJS.ProcessEnv {
  return { ...process.env, FORGELIGHT_MODELS: store.modelsFolder, FORGELIGHT_STATE: store.stateFolder };
}

async function serve(store: ZooStore, model: string, port: string, { upstream, origins }: How = {}): Promise<Served> {
  const env = { ...environment(store), ...(origins !== undefined && { FORGELIGHT_ORIGINS: origins }) };
  const device =
    upstream === undefined ? ['--device', 'reference', '--model', `${model}.gguf`] : ['--upstream', upstream];
  // A group of its own: what it starts dies with it.
  const child = spawn(process.execPath, [COMMAND, 'serve', ...device, '--port', port], {
    ...{ env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (said += text));
  try {
    const url = await spoken(child, () => /^Forgelight ready: (\S+)\/$/m.exec(said)?.[1]);
    return { child, url, said: () => said };
  } catch (error) {
    throw new Error(`the daemon did not start:\n${said}`, { cause: error });
  }
}

/** What is found in what a process says, as soon as it is there. */
async function spoken(child: ChildProcess, find: () => string | undefined): Promise<string> {
  const deadline = AbortSignal.timeout(START_MS);
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (child.exitCode !== null) throw new Error('it has ended');
    const news = [child.stdout, child.stderr].flatMap((stream) =>
      stream === null ? [] : [once(stream, 'data', { signal: deadline })],
    );
    await Promise.race(news);
  }
}
