import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { zooStore, type ZooStore } from '../native-bridge/testing/zoo-store';

const START_MS = 60_000;

/** The built `forgelight serve` with one small model, on the device that works everywhere: the CPU. */
export class RunningDaemon {
  private constructor(
    private readonly child: ChildProcess,
    private readonly store: ZooStore,
    readonly url: string,
    private readonly said: () => string,
  ) {}

  static async start(model: string): Promise<RunningDaemon> {
    const store = await zooStore([model]);
    const env = { ...process.env, FORGELIGHT_MODELS: store.modelsFolder, FORGELIGHT_STATE: store.stateFolder };
    const args = [
      'dist/bin/forgelight.js',
      'serve',
      '--device',
      'reference',
      '--port',
      '0',
      '--model',
      `${model}.gguf`,
    ];
    // A group of its own: what it starts dies with it.
    const child = spawn(process.execPath, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
    try {
      const url = await spoken(child, () => /^Forgelight ready: (\S+)\/$/m.exec(said)?.[1]);
      return new RunningDaemon(child, store, url, () => said);
    } catch (error) {
      await store.remove();
      throw new Error(`the daemon did not start:\n${said}`, { cause: error });
    }
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
