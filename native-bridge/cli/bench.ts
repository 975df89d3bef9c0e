import { cpus, release, totalmem } from 'node:os';
import { ForgelightError } from '../../src/base/errors';
import type { EngineStats } from '../../src/protocol/engine-port';
import type { Timings } from '../../src/protocol/events';
import { nodeMachine } from '../doctor/machine';
import { readTopology } from '../doctor/topology';
import type { Answerer } from './answerer';
import { benchMarkdown } from './bench-markdown';
import { ANSWERER_ARGUMENTS, openAnswerer } from './open-answerer';
import type { CliHost, CommandInput } from './run-cli';
import { VERSION } from './version';

export const BENCH_ARGUMENTS = {
  ...ANSWERER_ARGUMENTS,
  runs: { type: 'string' },
  tokens: { type: 'string' },
  words: { type: 'string' },
} as const;

const DEFAULT_RUNS = 3;
const DEFAULT_TOKENS = 64;
/** About 256 tokens. */
const DEFAULT_WORDS = 200;
const WORDS = 'the river ran below the old stone bridge while a boy counted boats and his sister drew them all'.split(
  ' ',
);

/** What can be sent to somebody: nothing in it tells whose computer it is, or where anything lies. */
export interface BenchReport {
  readonly forgelight: string;
  readonly node: string;
  readonly system: {
    readonly platform: string;
    readonly kernel: string;
    readonly cpu: string;
    readonly memoryBytes: number;
  };
  readonly gpus: readonly string[];
  /** Version of the kernel's driver; `null` where it does not tell. */
  readonly amdgpu: string | null;
  readonly device: string | null;
  /** Without the folder that it lies in. */
  readonly model: string;
  readonly runs: readonly BenchRun[];
  readonly best: { readonly promptPerSecond: number; readonly predictedPerSecond: number };
  /** Of the engine, with each kernel's variant; `null` where a server elsewhere answers. */
  readonly engine: Pick<EngineStats, 'gpuBytes' | 'pipelinesCreated' | 'lastStep' | 'loadMs' | 'variants'> | null;
}

export type BenchRun = Pick<
  Timings,
  'prompt_n' | 'prompt_ms' | 'prompt_per_second' | 'predicted_n' | 'predicted_ms' | 'predicted_per_second'
>;

/** Reads a prompt and writes some tokens, several times; the first time does not count. */
export async function bench(input: CommandInput): Promise<void> {
  const { host, names, options } = input;
  const [model = ''] = names;
  const plan = { runs: count(options, 'runs', DEFAULT_RUNS), tokens: count(options, 'tokens', DEFAULT_TOKENS) };
  const words = count(options, 'words', DEFAULT_WORDS);
  const answerer = await openAnswerer(input);
  try {
    const runs: BenchRun[] = [];
    for (let run = 0; run <= plan.runs; run++) {
      host.err(run === 0 ? 'Loading, and once to warm up …\n' : `Run ${run} of ${plan.runs} …\n`);
      const timings = await measure(
        answerer,
        { model, prompt: promptOf(run, words), tokens: plan.tokens },
        host.signal,
      );
      if (run > 0) runs.push(timings);
    }
    const report = await reportOn(answerer, model, runs, host);
    host.out(options['json'] === true ? `${JSON.stringify(report, null, 2)}\n` : benchMarkdown(report));
  } finally {
    await answerer.close();
  }
}

interface Measured {
  readonly model: string;
  readonly prompt: string;
  readonly tokens: number;
}

async function measure(
  answerer: Answerer,
  { model, prompt, tokens }: Measured,
  signal: AbortSignal,
): Promise<BenchRun> {
  const body = { model, messages: [{ role: 'user', content: prompt }], max_tokens: tokens, temperature: 0 };
  let timings: Timings | null = null;
  for await (const chunk of await answerer.chat(body, { signal })) timings = chunk.timings ?? timings;
  if (timings === null) {
    const message = 'What answers does not say how long it took (`timings`). llama.cpp’s server and Forgelight do.';
    throw new ForgelightError('missing-feature', message);
  }
  const { prompt_n, prompt_ms, prompt_per_second, predicted_n, predicted_ms, predicted_per_second } = timings;
  return { prompt_n, prompt_ms, prompt_per_second, predicted_n, predicted_ms, predicted_per_second };
}

/** Each begins otherwise, so that nothing of an earlier prompt is read again. */
function promptOf(run: number, words: number): string {
  const text = Array.from({ length: words }, (_, i) => WORDS[(i * 7 + run) % WORDS.length]);
  return `${run}: ${text.join(' ')}. Tell this story on, at length.`;
}

async function reportOn(
  answerer: Answerer,
  model: string,
  runs: readonly BenchRun[],
  { env, signal }: CliHost,
): Promise<BenchReport> {
  const machine = nodeMachine(env);
  const [stats, device, topology, driver] = await Promise.all([
    answerer.stats(model, signal),
    answerer.device(signal),
    readTopology(machine),
    machine.read('/sys/module/amdgpu/version'),
  ]);
  return {
    forgelight: VERSION,
    node: process.version,
    system: {
      platform: `${process.platform} ${process.arch}`,
      kernel: release(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      memoryBytes: totalmem(),
    },
    gpus: topology.gpus.map(({ gfx }) => gfx),
    amdgpu: driver.is === 'there' ? driver.value.trim() : null,
    device,
    model: model.split(/[/\\]/).at(-1) ?? '',
    runs,
    best: {
      promptPerSecond: Math.max(...runs.map((run) => run.prompt_per_second)),
      predictedPerSecond: Math.max(...runs.map((run) => run.predicted_per_second)),
    },
    engine: stats === null ? null : engineOf(stats),
  };
}

function engineOf({ gpuBytes, pipelinesCreated, lastStep, loadMs, variants }: EngineStats): BenchReport['engine'] {
  return { gpuBytes, pipelinesCreated, lastStep, loadMs, variants };
}

function count(options: CommandInput['options'], name: string, usual: number): number {
  const text = options[name];
  if (typeof text !== 'string') return usual;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new ForgelightError('invalid-request', `--${name} must be a whole number from 1 to 99999, and is "${text}".`);
}
