import { ForgelightError } from '../../src/base/errors';
import { mayHaveGpu } from '../doctor/check-gpu';
import type { Machine } from '../doctor/machine';
import { fewOf, readSelfTest, verdictOn } from '../state/self-test-file';
import { stateFolder } from '../state/state-folder';
import { hipDevice, testHip, type AskedDevice, type AskHip } from './ask-hip';
import type { CliHost } from './run-cli';

/** What proving a GPU needs. */
export interface Proof {
  readonly ask: AskHip;
  readonly env: CliHost['env'];
  /** Called with its name before a GPU is tested, which takes seconds. */
  readonly onTest: (device: string) => void;
}

/** Lets this computer's GPU pass, tested now where it has not been with this driver and these kernels. Throws why it does not. */
export async function requireHip(proof: Proof): Promise<void> {
  const device = await hipDevice(proof.ask, proof.env);
  const problems = await problemsOf(device, proof);
  if (problems.length === 0) return;
  throw new ForgelightError(
    'missing-feature',
    `${device.name} computes wrongly, and is not used (${fewOf(problems)}). Install a newer driver, then test it again: forgelight selftest.`,
  );
}

async function problemsOf(device: AskedDevice, { ask, env, onTest }: Proof): Promise<readonly string[]> {
  const verdict = verdictOn(device, await readSelfTest(stateFolder(env)));
  switch (verdict.is) {
    case 'passed':
      return [];
    case 'failed':
      return [verdict.reason];
    case 'never':
      onTest(device.name);
      return (await testHip(ask, env, device)).problems;
  }
}

/** A sentence that says why HIP does not answer here; `null`: it does. Asks nobody where there is no GPU. */
export async function whyNoHip(proof: Proof, machine: Machine): Promise<string | null> {
  if (machine.platform !== 'linux' && machine.platform !== 'win32') {
    return 'AMD’s HIP runtime exists for Linux and Windows alone.';
  }
  if (machine.platform === 'linux' && !(await mayHaveGpu(machine))) return 'There is no AMD GPU.';
  try {
    await requireHip(proof);
    return null;
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    return error.message;
  }
}
