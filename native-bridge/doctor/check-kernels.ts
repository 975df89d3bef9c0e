import { info, ok, problem, warning, type Finding } from './finding';
import { overrideOf, type KfdGpu, type Topology } from './topology';

/** What HIP says of itself, asked in a process that may die of it. */
export type HipAnswer =
  | { readonly is: 'asked'; readonly gpus: readonly { readonly gfx: string; readonly name: string }[] }
  | { readonly is: 'failed'; readonly reason: string };

const OVERRIDE = 'HSA_OVERRIDE_GFX_VERSION';
type Env = Readonly<Record<string, string | undefined>>;

/** Whether there are kernels for the GPU. `targets`: what was built. */
export function checkKernels({ gpus }: Topology, targets: readonly string[], env: Env): readonly Finding[] {
  const pretended = pretendedGfx(env);
  const findings = gpus.map((gpu): Finding => {
    const { gfx, isIntegrated } = gpu;
    const name = `${gfx}${isIntegrated ? ' (part of the processor)' : ''}`;
    if (targets.includes(gfx)) return ok('kernels', `There are kernels for ${name}.`);
    if (pretended !== null && targets.includes(pretended)) {
      return info('kernels', `There are no kernels for ${name}; those for ${pretended} are used, as ${OVERRIDE} says.`);
    }
    return unsupported(gpu, gpus, targets);
  });
  const cards = gpus.filter(({ gfx, isIntegrated }) => !isIntegrated && targets.includes(gfx));
  if (cards.length > 0 && cards.length < gpus.length) {
    findings.push(info('choice', `Of ${gpus.length} GPUs the first card with kernels is used: ${cards[0]?.gfx}.`));
  }
  return findings;
}

/** A GPU without kernels is a problem where it is the only one. */
function unsupported({ gfx }: KfdGpu, gpus: readonly KfdGpu[], targets: readonly string[]): Finding {
  const what = `There are no kernels for ${gfx}.`;
  const relative = relativeOf(gfx);
  if (gpus.some((other) => targets.includes(other.gfx))) return info('kernels', what);
  if (relative !== null && targets.includes(relative)) {
    const fix = `It runs those for ${relative}, which have the same instructions: ${OVERRIDE}=${overrideOf(relative)} forgelight serve`;
    return problem('kernels', what, fix);
  }
  const fix =
    'Let pages use it through WebGPU, which needs no kernels of ours. Or let a server with Vulkan answer: llama-server -m MODEL.gguf, then forgelight serve --upstream http://127.0.0.1:8080';
  return problem('kernels', what, fix);
}

/** RDNA 2 and 3 of one series have the same instructions as its first. */
function relativeOf(gfx: string): string | null {
  return /^gfx(103|110)[0-9a-f]$/.test(gfx) ? `${gfx.slice(0, -1)}0` : null;
}

function pretendedGfx(env: Env): string | null {
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(env[OVERRIDE] ?? '');
  if (parts === null) return null;
  const [major = 0, minor = 0, step = 0] = parts.slice(1).map(Number);
  return `gfx${major}${minor.toString(16)}${step.toString(16)}`;
}

/** Variables that change which GPUs ROCm shows. */
export function checkEnvironment({ gpus }: Topology, env: Env): readonly Finding[] {
  const findings: Finding[] = [];
  const override = env[OVERRIDE];
  if (override === '') {
    const what = `${OVERRIDE} is set to nothing: HIP then lists no GPU at all.`;
    findings.push(problem('environment', what, `Take it away: unset ${OVERRIDE}`));
  } else if (override !== undefined) {
    const pretended = pretendedGfx(env);
    if (pretended === null) {
      const what = `${OVERRIDE} is "${override}", which is no version.`;
      findings.push(
        problem('environment', what, `Take it away: unset ${OVERRIDE}. It has three numbers, such as 10.3.0.`),
      );
    } else if (gpus.some(({ gfx }) => gfx === pretended)) {
      const what = `${OVERRIDE} is ${override}, which the GPU is anyway.`;
      findings.push(warning('environment', what, `Take it away: unset ${OVERRIDE}`));
    } else findings.push(info('environment', `${OVERRIDE} is ${override}: every GPU is taken for ${pretended}.`));
  }
  for (const name of ['HIP_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL']) {
    const finding = checkSelector(name, env[name], gpus.length);
    if (finding !== null) findings.push(finding);
  }
  return findings;
}

function checkSelector(name: string, value: string | undefined, count: number): Finding | null {
  if (value === undefined) return null;
  const fix = `Take it away: unset ${name}. Or name a GPU: ${name}=0 forgelight serve`;
  if (value.trim() === '') return problem('environment', `${name} is set to nothing, which hides every GPU.`, fix);
  const wrong = value.split(',').find((part) => {
    const index = part.trim();
    return /^-?\d+$/.test(index) && (Number(index) < 0 || (count > 0 && Number(index) >= count));
  });
  if (wrong === undefined) return info('environment', `${name} is ${value}: other GPUs are not used.`);
  const all = count === 1 ? 'there is one GPU, 0' : `there are ${count} GPUs, from 0`;
  return problem('environment', `${name} is ${value}, but ${all}: what follows ${wrong.trim()} is hidden.`, fix);
}

/** What HIP lists, beside what the kernel does. */
export function checkHip(hip: HipAnswer | null, { gpus }: Topology, env: Env): readonly Finding[] {
  if (hip === null) return [];
  if (hip.is === 'failed') {
    const fix = 'See what ROCm’s own tool says: rocminfo. Then restart the computer, or install AMD’s driver again.';
    return [problem('hip', `HIP does not start: ${hip.reason}`, fix)];
  }
  if (hip.gpus.length === 0) {
    const fix = 'Look at the problems above first; then see what ROCm’s own tool says: rocminfo';
    return [problem('hip', 'HIP starts, and lists no GPU.', fix)];
  }
  const listed = hip.gpus.map(({ gfx, name }) => `${gfx} (${name})`).join(', ');
  const strange = hip.gpus.filter(({ gfx }) => gfx !== pretendedGfx(env) && gpus.every((each) => each.gfx !== gfx));
  if (gpus.length === 0 || strange.length === 0) return [ok('hip', `HIP lists ${listed}.`)];
  const what = `HIP lists ${listed}, the kernel ${gpus.map(({ gfx }) => gfx).join(', ')}.`;
  return [warning('hip', what, 'Install a ROCm that knows this GPU, and restart the computer after a new kernel.')];
}
