import { checkAccess, checkGpu, checkRenderNodes, hasGpusOfWindows, readPciGpus } from './check-gpu';
import { readContainer, type Container } from './container';
import { checkEnvironment, checkHip, checkKernels, type HipAnswer } from './check-kernels';
import { checkLibrary } from './check-library';
import { checkService } from './check-service';
import { info, ok, problem, type Finding } from './finding';
import type { Machine } from './machine';
import type { CheckedUpstream } from '../upstream/check-upstream';
import type { SelfTestVerdict } from '../state/self-test-file';
import { readTopology, type Topology } from './topology';

export interface KnownHip {
  readonly hip: HipAnswer;
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

const NO_GPU: Topology = { gpus: [], hidden: 0, nameless: 0 };

/** Looks at everything that HIP and upstreams need, without changing anything. */
export async function examine(machine: Machine, known: Known): Promise<Diagnosis> {
  const hip = await examineHip(machine, known);
  const upstreams = known.upstreams.map(checkUpstream);
  const answers: Diagnosis['answers'][number][] = [];
  // Whether it has passed is looked at only where HIP lists a GPU. What is wrong besides, with another card for instance, keeps nobody from an answer.
  if (hip.some(({ id, status }) => id === 'selftest' && status === 'ok')) answers.push('hip');
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
  if (pci.length === 0 && (await hasGpusOfWindows(machine))) return examineInWindows(machine, known);
  const gpu = await checkGpu(machine, pci);
  if (pci.length === 0) return [...gpu, ...(await examineWithoutGpu(machine, known, container))];
  // Without its driver nothing else can be right, and no advice about it would help.
  if (!gpu.some(({ status }) => status === 'ok')) return gpu;
  const kernels = checkKernels(topology, known.targets, env);
  const kernel = [...gpu, ...(await checkAccess(machine, topology, container)), ...kernels];
  const surroundings = [...kernel, ...checkEnvironment(topology, env)];
  // What is below is not used before there are kernels.
  if (kernels.some(isProblem)) return surroundings;
  const above = [...surroundings, await checkLibrary(machine, known.libraries, topology.gpus), ...checkKoffi(known)];
  return [...above, ...tellOfHip(await known.askHip(), topology, env, above)];
}

/** What can be seen all the same. Nobody has to install, for a GPU that is not there, what is missing; pages may use another GPU. */
async function examineWithoutGpu(
  machine: Machine,
  known: Known,
  container: Container | null,
): Promise<readonly Finding[]> {
  const surroundings = [
    ...checkEnvironment(NO_GPU, machine.env),
    await checkLibrary(machine, known.libraries, []),
    ...checkKoffi(known),
  ];
  const told = surroundings.map((each) => (isProblem(each) ? info(each.id, each.what) : each));
  return [...(await checkRenderNodes(machine, container)), ...told];
}

/** On Windows HIP itself is asked; elsewhere there is none. */
async function examineElsewhere(machine: Machine, known: Known): Promise<readonly Finding[]> {
  if (machine.platform !== 'win32') {
    const fix = 'Let pages use the GPU themselves (WebGPU): open the chat page and load a model there.';
    return [problem('gpu', 'AMD’s HIP runtime exists for Linux and Windows alone.', fix)];
  }
  return withoutTopology(machine, known, await known.askHip());
}

/** Linux inside Windows, of whose GPUs HIP may have some. */
async function examineInWindows(machine: Machine, known: Known): Promise<readonly Finding[]> {
  const told = await known.askHip();
  if (told.hip.is !== 'asked' || told.hip.gpus.length === 0) return checkGpu(machine, []);
  const what = 'This is Linux inside Windows (WSL): its GPUs are those that HIP has of Windows.';
  const library = await checkLibrary(machine, known.libraries, []);
  return [info('gpu', what), library, ...withoutTopology(machine, known, told)];
}

/** What is known where the kernel lists nothing. */
function withoutTopology({ env }: Machine, known: Known, told: KnownHip): readonly Finding[] {
  const above = [...checkEnvironment(NO_GPU, env), ...checkKoffi(known)];
  return [...above, ...tellOfHip(told, NO_GPU, env, above)];
}

/** HIP, and how its kernels compute. Where HIP has no GPU the reason may be `above`: then nothing that is said of it helps. */
function tellOfHip(
  { hip, selfTest }: KnownHip,
  topology: Topology,
  env: Machine['env'],
  above: readonly Finding[],
): readonly Finding[] {
  const findings = checkHip(hip, topology, env);
  if (!findings.some(isProblem)) return [...findings, checkSelfTest(selfTest)];
  return above.some(isProblem) ? [] : findings;
}

const isProblem = ({ status }: Finding): boolean => status === 'problem';

async function examineService(machine: Machine): Promise<readonly Finding[]> {
  // As sd_booted(3) looks: the folder may be empty.
  const hasSystemd = machine.platform === 'linux' && (await machine.access('/run/systemd/system')).is !== 'absent';
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
      return ok('selftest', `The kernels compute rightly on ${result.device}${exceptFor(result.without)}.`);
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

function exceptFor(formats: readonly string[]): string {
  return formats.length === 0 ? '' : `, but for weights in ${formats.join(', ')}: models that have these are refused`;
}

function checkUpstream({ name, failure, models }: CheckedUpstream): Finding {
  if (failure === null) {
    return models === 0
      ? info('upstream', `${name} answers, and lists no model.`)
      : ok('upstream', `${name} answers, with ${models === 1 ? 'one model' : `${models} models`}.`);
  }
  return problem('upstream', failure, `See what it answers: curl ${name}/v1/models`);
}
