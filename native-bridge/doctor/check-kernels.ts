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
  if (targets.length === 0) {
    const fix = 'Install it again: npm install -g forgelight. In a checkout compile them: node scripts/hip.mjs';
    return [problem('kernels', 'This installation of Forgelight has no kernels for AMD GPUs.', fix)];
  }
  const shown = gpus.map((gpu) => shownAs(gpu, env));
  const findings = gpus.map((gpu, index): Finding => {
    const { gfx, isIntegrated } = gpu;
    const as = shown[index] ?? gfx;
    if (!targets.includes(as)) return unsupported(gpu, shown, targets, env);
    const name = overrideFor(gpu, env)?.name;
    if (as !== gfx) return info('kernels', `Kernels for ${as} are used for ${gfx}, as ${name} says.`);
    return ok('kernels', `There are kernels for ${gfx}${isIntegrated ? ' (part of the processor)' : ''}.`);
  });
  const card = gpus.find(({ isIntegrated }, index) => !isIntegrated && targets.includes(shown[index] ?? ''));
  if (card !== undefined && gpus.length > 1) {
    findings.push(info('choice', `Of ${gpus.length} GPUs the first card with kernels is used: ${card.gfx}.`));
  }
  return findings;
}

/** A GPU without kernels is a problem where it is the only one. `shown`: as what HIP has all of them. */
function unsupported(gpu: KfdGpu, shown: readonly string[], targets: readonly string[], env: Env): Finding {
  const { gfx } = gpu;
  const override = overrideFor(gpu, env);
  const as = shownAs(gpu, env);
  const hasOther = shown.some((each) => targets.includes(each));
  if (override !== null && as !== gfx) {
    const what = `There are no kernels for ${as}, as which ${override.name} shows ${gfx}.`;
    return hasOther ? info('kernels', what) : problem('kernels', what, awayWith(override.name));
  }
  const what = `There are no kernels for ${gfx}.`;
  const relative = relativeOf(gfx);
  if (hasOther) return info('kernels', what);
  if (relative !== null && targets.includes(relative)) {
    const fix = `It runs those for ${relative}, which have the same instructions: export ${OVERRIDE}=${overrideOf(relative)} && forgelight selftest && forgelight serve`;
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

/** The variable that pretends another architecture for a GPU: that of its node goes before that of all. */
function overrideFor({ node }: KfdGpu, env: Env): { readonly name: string; readonly value: string } | null {
  for (const name of [`${OVERRIDE}_${node}`, OVERRIDE]) {
    const value = env[name];
    if (value !== undefined) return { name, value };
  }
  return null;
}

/** The architecture that HIP has it for. */
function shownAs(gpu: KfdGpu, env: Env): string {
  return gfxOfOverride(overrideFor(gpu, env)?.value ?? '') ?? gpu.gfx;
}

/** `null` for what is no version, which ends the runtime's look at the GPUs. Source: AMD's libhsakmt, topology.c. */
function gfxOfOverride(value: string): string | null {
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(value);
  if (parts === null) return null;
  const [major = 0, minor = 0, step = 0] = parts.slice(1).map(Number);
  return major > 63 || minor > 255 || step > 255 ? null : `gfx${major}${minor.toString(16)}${step.toString(16)}`;
}

const awayWith = (name: string): string => `Take it away: unset ${name}`;

/** gfx1151 → 11. What has another has other instructions. */
function majorOf(gfx: string): string {
  return gfx.slice(3, -2);
}

/** Variables that change which GPUs ROCm shows. */
export function checkEnvironment({ gpus }: Topology, env: Env): readonly Finding[] {
  const findings: Finding[] = [];
  const names = Object.keys(env).filter((name) => name === OVERRIDE || name.startsWith(`${OVERRIDE}_`));
  for (const name of names.toSorted()) {
    findings.push(...checkOverride(name, gpus, env));
  }
  // What one layer hides the next does not count.
  let count = gpus.length;
  for (const layer of SELECTORS) {
    const name = layer.find((each) => env[each] !== undefined);
    const value = name === undefined ? undefined : env[name];
    if (name === undefined || value === undefined) continue;
    findings.push(checkSelector(name, value, count));
    count = Math.min(count, endOf(value, count)) || count;
  }
  return findings;
}

/** The runtime's own first, then HIP's, where NVIDIA's name counts as long as HIP's is not set. Source: AMD's page on GPU isolation. */
const SELECTORS = [['ROCR_VISIBLE_DEVICES'], ['GPU_DEVICE_ORDINAL'], ['HIP_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES']];

function checkOverride(name: string, all: readonly KfdGpu[], env: Env): readonly Finding[] {
  const value = env[name];
  if (value === undefined) return [];
  const away = awayWith(name);
  if (value === '') return [problem('environment', `${name} is set to nothing: HIP then lists no GPU at all.`, away)];
  const pretended = gfxOfOverride(value);
  if (pretended === null) {
    const fix = `${away}. It has three numbers, such as 10.3.0.`;
    return [problem('environment', `${name} is "${value}", which is no version.`, fix)];
  }
  const meant = all.filter((gpu) => overrideFor(gpu, env)?.name === name);
  if (meant.length === 0 && name !== OVERRIDE) {
    return [warning('environment', `${name} is ${value}, and there is no such GPU.`, away)];
  }
  const wrong = meant.filter(({ gfx }) => majorOf(gfx) !== majorOf(pretended));
  if (wrong.length > 0) {
    const are = `${wrong.map(({ gfx }) => gfx).join(' and ')} ${wrong.length > 1 ? 'are' : 'is'}`;
    const what = `${name} is ${value}: ${are} taken for ${pretended}, whose instructions are others.`;
    const alone = meant.find(({ gfx }) => gfx !== pretended && majorOf(gfx) === majorOf(pretended));
    const fix = alone && `${away}. For one GPU alone: ${OVERRIDE}_${alone.node}=${value} forgelight serve`;
    // The first card is the one that is used.
    const first = all.find(({ isIntegrated }) => !isIntegrated) ?? all[0];
    return [(wrong.some((gpu) => gpu === first) ? problem : warning)('environment', what, fix ?? away)];
  }
  if (meant.some(({ gfx }) => gfx === pretended)) {
    return [warning('environment', `${name} is ${value}, which the GPU is anyway.`, away)];
  }
  const which = name === OVERRIDE ? 'every GPU is' : 'that GPU is';
  return [info('environment', `${name} is ${value}: ${which} taken for ${pretended}.`)];
}

function checkSelector(name: string, value: string, count: number): Finding {
  const fix = `Take it away: unset ${name}. Or name a GPU: ${name}=0 forgelight serve`;
  if (value.trim() === '') return problem('environment', `${name} is set to nothing, which hides every GPU.`, fix);
  const [parts, end] = [value.split(','), endOf(value, count)];
  if (end === parts.length) return info('environment', `${name} is ${value}: other GPUs are not used.`);
  const what = `${name} is ${value}, but ${count === 1 ? 'there is one GPU, 0' : `there are ${count} GPUs, from 0`}`;
  if (end === 0) return problem('environment', `${what}: all are hidden.`, fix);
  return warning('environment', `${what}: from ${parts[end]?.trim()} on none is used.`, fix);
}

/** How many GPUs such a list names before the first that is none, where it ends. */
function endOf(value: string, count: number): number {
  if (value.trim() === '') return 0;
  const parts = value.split(',');
  const wrong = parts.findIndex((part) => isNoGpu(part, count));
  return wrong < 0 ? parts.length : wrong;
}

function isNoGpu(part: string, count: number): boolean {
  const index = part.trim();
  return /^-?\d+$/.test(index) && (Number(index) < 0 || (count > 0 && Number(index) >= count));
}

/** What HIP lists, beside what the kernel does. */
export function checkHip(hip: HipAnswer, { gpus }: Topology, env: Env): readonly Finding[] {
  if (hip.is === 'failed') {
    const fix = 'See what ROCm’s own tool says: rocminfo. Then restart the computer, or install AMD’s driver again.';
    return [problem('hip', `HIP does not start: ${hip.reason}`, fix)];
  }
  if (hip.gpus.length === 0) {
    const fix = 'Look at the problems above first; then see what ROCm’s own tool says: rocminfo';
    return [problem('hip', 'HIP starts, and lists no GPU.', fix)];
  }
  const listed = hip.gpus.map(({ gfx, name }) => `${gfx} (${name})`).join(', ');
  const shown = gpus.map((gpu) => shownAs(gpu, env));
  const strange = hip.gpus.filter(({ gfx }) => !shown.includes(gfx));
  if (gpus.length === 0 || strange.length === 0) return [ok('hip', `HIP lists ${listed}.`)];
  const what = `HIP lists ${listed}, the kernel ${gpus.map(({ gfx }) => gfx).join(', ')}.`;
  return [warning('hip', what, 'Install a ROCm that knows this GPU, and restart the computer after a new kernel.')];
}
