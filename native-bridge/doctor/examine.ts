import { checkAccess, checkGpu, readContainer, readPciGpus } from './check-gpu';
import { checkEnvironment, checkHip, checkKernels, type HipAnswer } from './check-kernels';
import { checkLibrary } from './check-library';
import { checkService } from './check-service';
import { info, ok, problem, type Finding } from './finding';
import type { Machine } from './machine';
import type { CheckedUpstream } from '../upstream/check-upstream';
import type { SelfTestVerdict } from '../state/self-test-file';
import { readTopology } from './topology';

export interface KnownHip {
  /** `null`: it was not asked. */
  readonly hip: HipAnswer | null;
  readonly selfTest: SelfTestVerdict;
}

/** What the doctor cannot see in files. */
export interface Known {
  /** Names of AMD's runtime, in the order in which they are tried. */
  readonly libraries: readonly string[];
  /** Whether foreign functions can be called here. */
  readonly hasKoffi: boolean;
  /** Architectures that kernels were built for. */
  readonly targets: readonly string[];
  /** Asks HIP in a process of its own; only where there is a GPU. */
  readonly askHip: () => Promise<KnownHip>;
  readonly upstreams: readonly CheckedUpstream[];
}

export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** What can answer requests; none: the daemon has nothing but the CPU's reference. */
  readonly answers: readonly ('hip' | 'upstream')[];
}

/** Looks at everything that HIP and upstreams need, without changing anything. */
export async function examine(machine: Machine, known: Known): Promise<Diagnosis> {
  const hip = await examineHip(machine, known);
  const upstreams = known.upstreams.map(checkUpstream);
  const answers: Diagnosis['answers'][number][] = [];
  if (hip.every(({ status }) => status !== 'problem')) answers.push('hip');
  if (known.upstreams.some(({ failure }) => failure === null)) answers.push('upstream');
  return { findings: [...hip, ...upstreams, ...(await examineService(machine))], answers };
}

async function examineHip(machine: Machine, known: Known): Promise<readonly Finding[]> {
  const { platform, env } = machine;
  if (platform !== 'linux') return examineElsewhere(machine, known);
  const [pci, topology, container] = await Promise.all([
    readPciGpus(machine),
    readTopology(machine),
    readContainer(machine),
  ]);
  const gpu = await checkGpu(machine, pci);
  // Without a GPU, or its driver, nothing else can be right, and no advice about it would help.
  if (!gpu.some(({ status }) => status === 'ok')) return gpu;
  const { hip, selfTest } = await known.askHip();
  return [
    ...gpu,
    ...(await checkAccess(machine, topology, container)),
    ...checkKernels(topology, known.targets, env),
    ...checkEnvironment(topology, env),
    await checkLibrary(machine, known.libraries),
    ...checkKoffi(known),
    ...checkHip(hip, topology, env),
    checkSelfTest(selfTest),
  ];
}

/** On Windows HIP itself is asked; elsewhere there is none. */
async function examineElsewhere(machine: Machine, known: Known): Promise<readonly Finding[]> {
  if (machine.platform !== 'win32') {
    const fix = 'Let pages use the GPU themselves (WebGPU): open the chat page and load a model there.';
    return [problem('gpu', 'AMD’s HIP runtime exists for Linux and Windows alone.', fix)];
  }
  const nothing = { gpus: [], hidden: 0 };
  const { hip, selfTest } = await known.askHip();
  return [
    ...checkEnvironment(nothing, machine.env),
    ...checkKoffi(known),
    ...checkHip(hip, nothing, machine.env),
    checkSelfTest(selfTest),
  ];
}

async function examineService(machine: Machine): Promise<readonly Finding[]> {
  const hasSystemd = machine.platform === 'linux' && (await machine.list('/run/systemd/system')).length > 0;
  return hasSystemd ? checkService(machine) : [];
}

function checkKoffi({ hasKoffi }: Known): readonly Finding[] {
  if (hasKoffi) return [];
  const what = 'The package koffi, through which HIP is called, is not installed.';
  return [problem('koffi', what, 'Install it beside forgelight: npm install -g koffi')];
}

function checkSelfTest(result: SelfTestVerdict): Finding {
  switch (result.is) {
    case 'passed':
      return ok('selftest', `The kernels compute rightly on ${result.device}.`);
    case 'never':
      return problem(
        'selftest',
        'The self-test has not run on this GPU: HIP is not used before.',
        'Run it: forgelight selftest',
      );
    case 'failed': {
      const fix = 'Update the driver, then run it again: forgelight selftest. Until it passes, pages use WebGPU.';
      return problem('selftest', `The kernels compute wrongly on ${result.device}: ${result.reason}`, fix);
    }
  }
}

function checkUpstream({ name, failure, models }: CheckedUpstream): Finding {
  if (failure === null) {
    return models === 0
      ? info('upstream', `${name} answers, and lists no model.`)
      : ok('upstream', `${name} answers, with ${models === 1 ? 'one model' : `${models} models`}.`);
  }
  return problem('upstream', failure, `See what it answers: curl ${name}/v1/models`);
}
