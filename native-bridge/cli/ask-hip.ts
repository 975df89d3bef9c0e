import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { unreachable } from '../../src/base/assert';
import { errorFromData, ForgelightError } from '../../src/base/errors';
import { systemClock as clock } from '../../src/base/system-clock';
import { runProbe, type ProbeOutcome, type ProbeTask } from '../engine/run-probe';
import { writeSelfTest } from '../state/self-test-file';
import { stateFolder } from '../state/state-folder';
import type { CliHost } from './run-cli';

const LIMIT_MS: Readonly<Record<ProbeTask, number>> = { device: 30_000, 'self-test': 600_000 };
const deviceSchema = v.object({ name: v.string(), features: v.array(v.string()), build: v.string() });
const problemsSchema = v.array(v.string());

export type AskedDevice = v.InferOutput<typeof deviceSchema>;

/** Has a process of its own ask AMD's runtime: it may end whoever asks. */
export type AskHip = (task: ProbeTask, env: CliHost['env']) => Promise<ProbeOutcome>;

export const askHip: AskHip = (task, env) =>
  runProbe(task, {
    args: [fileURLToPath(import.meta.url), 'probe-process'],
    device: 'hip',
    env,
    clock,
    timeoutMs: LIMIT_MS[task],
  });

/** The GPU that would be used. Throws `no-adapter` and what else the probe tells, `device-lost` where it died of it. */
export async function hipDevice(ask: AskHip, env: CliHost['env']): Promise<AskedDevice> {
  return v.parse(deviceSchema, answerOf(await ask('device', env)));
}

/** Has it tested and remembers what came of it: what it computes otherwise than the CPU; none: it computes rightly. Throws as `hipDevice`. */
export async function testHip(
  ask: AskHip,
  env: CliHost['env'],
  { name, features, build }: AskedDevice,
): Promise<readonly string[]> {
  const problems = v.parse(problemsSchema, answerOf(await ask('self-test', env)));
  await writeSelfTest(stateFolder(env), { device: name, features, build, problems });
  return problems;
}

function answerOf(outcome: ProbeOutcome): unknown {
  switch (outcome.kind) {
    case 'answer':
      return outcome.value;
    case 'failed':
      throw errorFromData(outcome.error);
    case 'died':
      throw new ForgelightError('device-lost', [outcome.why, ...outcome.said].join('\n'));
    default:
      return unreachable(outcome);
  }
}
