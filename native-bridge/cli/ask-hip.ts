import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { systemClock as clock } from '../../src/base/system-clock';
import { answerOfProbe, runProbe, type ProbeOptions, type ProbeOutcome, type ProbeTask } from '../engine/run-probe';
import type { SelfTestFindings } from '../hip/selftest';
import { readSelfTest, recordOf, writeSelfTest } from '../state/self-test-file';
import { stateFolder } from '../state/state-folder';
import type { CliHost } from './run-cli';

type HipTask = Exclude<ProbeTask, 'fit'>;

const LIMIT_MS: Readonly<Record<HipTask, number>> = {
  device: 30_000,
  'self-test': 1_800_000,
  bandwidth: 60_000,
};
const deviceSchema = v.object({ name: v.string(), features: v.array(v.string()), build: v.string() });
const findingsSchema = v.object({
  problems: v.array(v.string()),
  formats: v.record(v.string(), v.array(v.string())),
});

export type AskedDevice = v.InferOutput<typeof deviceSchema>;

export type AskHipOptions = Pick<ProbeOptions, 'formats' | 'onStep' | 'signal'>;

/** Has a process of its own ask AMD's runtime: it may end whoever asks. */
export type AskHip = (task: HipTask, env: CliHost['env'], options?: AskHipOptions) => Promise<ProbeOutcome>;

export const askHip: AskHip = (task, env, options = {}) =>
  runProbe(task, {
    ...options,
    args: [fileURLToPath(import.meta.url), 'probe-process'],
    device: 'hip',
    env,
    clock,
    timeoutMs: LIMIT_MS[task],
  });

/** The same for whoever leaves with a signal: Ctrl+C does not wait for a test of minutes. */
export const askHipUntil =
  (signal: AbortSignal): AskHip =>
  (task, env, options) =>
    askHip(task, env, { signal, ...options });

/** The GPU that would be used. Throws `no-adapter` and what else the probe tells, `device-lost` where it died of it, and the signal's reason. */
export async function hipDevice(ask: AskHip, env: CliHost['env'], signal?: AbortSignal): Promise<AskedDevice> {
  const outcome = await ask('device', env, signal === undefined ? {} : { signal });
  signal?.throwIfAborted();
  return v.parse(deviceSchema, answerOfProbe(outcome));
}

/**
 * Has it tested, on `formats` besides the typical ones, and remembers what came of it beside what is known of others. Throws as `hipDevice`, and the
 * signal's reason.
 */
export async function testHip(
  ask: AskHip,
  env: CliHost['env'],
  device: AskedDevice,
  options: AskHipOptions = {},
): Promise<SelfTestFindings> {
  const outcome = await ask('self-test', env, options);
  options.signal?.throwIfAborted();
  const { problems, formats } = v.parse(findingsSchema, answerOfProbe(outcome));
  const { name, features, build } = device;
  const folder = stateFolder(env);
  const before = recordOf(device, await readSelfTest(folder))?.formats ?? {};
  await writeSelfTest(folder, { device: name, features, build, problems, formats: { ...before, ...formats } });
  return { problems, formats };
}

/** Bytes a second that a kernel of the GPU reads and writes. Throws as `hipDevice`. */
export async function hipBandwidth(ask: AskHip, env: CliHost['env'], signal: AbortSignal): Promise<number> {
  const outcome = await ask('bandwidth', env, { signal });
  signal.throwIfAborted();
  return v.parse(v.number(), answerOfProbe(outcome));
}
