import type { KernelTime } from '../../src/base/counters';
import { ForgelightError } from '../../src/base/errors';
import type { EngineStats } from '../../src/protocol/engine-port';
import type { Timings } from '../../src/protocol/events';
import type { Answerer } from './answerer';
import { askHip, type AskHip } from './ask-hip';
import {
  deviceWords,
  hipFacts,
  kernelTimesSince,
  modelWords,
  systemFacts,
  type HipFacts,
  type SystemFacts,
} from './bench-facts';
import { benchMarkdown } from './bench-markdown';
import { CommandLineError, type CliOptions } from './command-line';
import { usableName } from './keep-model';
import { ANSWERER_ARGUMENTS, openAnswerer } from './open-answerer';
import type { CommandInput } from './run-cli';
import { VERSION } from './version';

export const BENCH_ARGUMENTS = {
  ...ANSWERER_ARGUMENTS,
  runs: { type: 'string', value: 'N', is: 'how often it is measured; 3' },
  tokens: { type: 'string', value: 'N', is: 'tokens that are written each time; 64' },
  words: { type: 'string', value: 'N', is: 'words that are read each time; 200' },
  profile: { type: 'boolean', is: 'measure each kernel, too, in a run of its own' },
} as const satisfies CliOptions;

const DEFAULT_RUNS = 3;
const DEFAULT_TOKENS = 64;
/** About 256 tokens. */
const DEFAULT_WORDS = 200;
const WORDS = 'the river ran below the old stone bridge while a boy counted boats and his sister drew them all'.split(
  ' ',
);

/** What can be sent to somebody: nothing in it tells whose computer it is, or where anything lies. */
export interface BenchReport extends SystemFacts {
  readonly forgelight: string;
  readonly node: string;
  readonly device: string | null;
  /** `null` where another device answered. */
  readonly hip: HipFacts | null;
  /** Without the folder that it lies in. */
  readonly model: string;
  readonly runs: readonly BenchRun[];
  readonly best: {
    readonly promptPerSecond: number;
    readonly predictedPerSecond: number;
    /** Of weights, while it wrote; `null` where a server elsewhere answers. */
    readonly bytesPerSecond: number | null;
    /** The same as a share of what the GPU's memory can; `null` where that is not known. */
    readonly ofBandwidth: number | null;
  };
  /** Of the engine, with each kernel's variant; `null` where a server elsewhere answers. */
  readonly engine: Pick<EngineStats, 'gpuBytes' | 'pipelinesCreated' | 'lastStep' | 'loadMs' | 'variants'> | null;
  /** Of a run more, whose kernels were measured, with `--profile`; else `null`. Empty: the device cannot. */
  readonly kernels: readonly KernelTime[] | null;
}

export type BenchRun = Pick<
  Timings,
  'prompt_n' | 'prompt_ms' | 'prompt_per_second' | 'predicted_n' | 'predicted_ms' | 'predicted_per_second'
>;

/** Reads a prompt and writes some tokens, several times; the first time does not count. */
export const bench = (input: CommandInput): Promise<void> => benchOn(askHip, input);

interface Wanted {
  readonly model: string;
  readonly runs: number;
  readonly tokens: number;
  readonly words: number;
  readonly profile: boolean;
}

/** The same with a probe of a test's own. */
export async function benchOn(ask: AskHip, input: CommandInput): Promise<void> {
  const { host, names, options } = input;
  const [named = ''] = names;
  const plan: Omit<Wanted, 'model'> = {
    runs: count(options, 'runs', DEFAULT_RUNS),
    tokens: count(options, 'tokens', DEFAULT_TOKENS),
    words: count(options, 'words', DEFAULT_WORDS),
    profile: options['profile'] === true,
  };
  const wanted = { ...plan, model: await usableName(input, named, { isOwn: plan.profile }) };
  const measured = await measureAll(wanted, input);
  const hip = await hipFacts(measured.device, ask, host);
  const kernels = wanted.profile ? await measureKernels(wanted, input) : null;
  const report: BenchReport = {
    forgelight: VERSION,
    node: process.version,
    ...(await systemFacts(host.env)),
    device: deviceWords(measured.device),
    hip,
    model: modelWords(named),
    runs: measured.runs,
    best: bestOf(measured, hip),
    engine: measured.stats === null ? null : engineOf(measured.stats),
    kernels,
  };
  host.out(options['json'] === true ? `${JSON.stringify(report, null, 2)}\n` : benchMarkdown(report));
}

interface MeasuredRuns {
  readonly runs: readonly BenchRun[];
  readonly stats: EngineStats | null;
  readonly device: string | null;
}

async function measureAll(wanted: Wanted, input: CommandInput): Promise<MeasuredRuns> {
  const { host } = input;
  const answerer = await openAnswerer(input, { isOwn: wanted.profile });
  try {
    const runs: BenchRun[] = [];
    for (let run = 0; run <= wanted.runs; run++) {
      host.err(run === 0 ? 'Loading, and once to warm up …\n' : `Run ${run} of ${wanted.runs} …\n`);
      const timings = await measure(answerer, wanted, run, host.signal);
      if (run > 0) runs.push(timings);
    }
    const [stats, device] = await Promise.all([
      answerer.stats(wanted.model, host.signal),
      answerer.device(host.signal),
    ]);
    return { runs, stats, device };
  } finally {
    await answerer.close();
  }
}

/** One run more, on an engine that measures them: its own rates are none, and are not told. */
async function measureKernels(wanted: Wanted, input: CommandInput): Promise<readonly KernelTime[]> {
  const { signal, err } = input.host;
  err('Loading again, and once with the kernels measured …\n');
  const answerer = await openAnswerer(input, { isOwn: true, profile: true });
  try {
    const times = async (): Promise<readonly KernelTime[]> =>
      (await answerer.stats(wanted.model, signal))?.kernelTimes ?? [];
    const before = await times();
    await measure(answerer, wanted, wanted.runs + 1, signal);
    return kernelTimesSince(await times(), before);
  } finally {
    await answerer.close();
  }
}

async function measure(
  answerer: Answerer,
  { model, words, tokens }: Wanted,
  run: number,
  signal: AbortSignal,
): Promise<BenchRun> {
  const content = promptOf(run, words);
  const body = { model, messages: [{ role: 'user', content }], max_tokens: tokens, temperature: 0 };
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

function bestOf({ runs, stats }: MeasuredRuns, hip: HipFacts | null): BenchReport['best'] {
  const promptPerSecond = Math.max(...runs.map((run) => run.prompt_per_second));
  const predictedPerSecond = Math.max(...runs.map((run) => run.predicted_per_second));
  const bytesPerSecond = stats === null ? null : stats.lastStep.weightBytesRead * Math.max(...runs.map(stepsPerSecond));
  const bandwidth = hip?.bandwidth ?? null;
  const ofBandwidth = bytesPerSecond === null || bandwidth === null ? null : bytesPerSecond / bandwidth;
  return { promptPerSecond, predictedPerSecond, bytesPerSecond, ofBandwidth };
}

/** Of decoding: the first token of an answer, which `predicted_per_second` counts too, is the prompt's step. */
function stepsPerSecond({ predicted_n, predicted_ms }: BenchRun): number {
  return predicted_ms > 0 ? ((predicted_n - 1) * 1000) / predicted_ms : 0;
}

function engineOf({ gpuBytes, pipelinesCreated, lastStep, loadMs, variants }: EngineStats): BenchReport['engine'] {
  return { gpuBytes, pipelinesCreated, lastStep, loadMs, variants };
}

function count(options: CommandInput['options'], name: string, usual: number): number {
  const text = options[name];
  if (typeof text !== 'string') return usual;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new CommandLineError(`--${name} must be a whole number from 1 to 99999, and is "${text}".`);
}
