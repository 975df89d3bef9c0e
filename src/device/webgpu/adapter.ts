import { ForgelightError } from '../../base/errors';
import { fnv1a } from '../../base/fingerprint';
import { KIB } from '../../base/units';
import type { DeviceLimits } from '../device';

/** Arithmetic with halves: for `precision: 'fast'` alone. */
export const SHADER_F16 = 'shader-f16';
/** What the widest batch of those kernels needs: more than WebGPU promises. */
const F16_WORKGROUP_BYTES = 20 * KIB;

/** Features that make kernels faster where present; nothing needs them. */
const USED_FEATURES = ['subgroups', 'timestamp-query', SHADER_F16] as const;
/** A feature of the browser's WGSL, not of the adapter; named beside the others. */
export const PACKED_DOT = 'packed_4x8_integer_dot_product';
/** Limits raised to what the adapter has: WebGPU's defaults are too small for weights. */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

export interface AdapterOptions {
  /** Features to use at most; default: all that help. */
  readonly features?: readonly string[];
  /** Limits to lower, by WebGPU's names. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Measure the GPU time of every dispatch. */
  readonly profile?: boolean;
}

export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly name: string;
  readonly features: readonly string[];
  readonly isSoftware: boolean;
}

/** Opens the GPU. Throws `no-webgpu`, `no-adapter` or `missing-feature`, each saying what to do. */
export async function openGpuDevice(gpu: GPU | undefined, options: AdapterOptions): Promise<OpenedDevice> {
  const adapter = await requestAdapter(gpu, options);
  const allowed = allowedFeatures(options);
  const features = USED_FEATURES.filter((feature) => allowed.includes(feature) && adapter.features.has(feature));
  if (options.profile === true && !features.includes('timestamp-query')) {
    throw new ForgelightError(
      'missing-feature',
      'debug.profile needs the feature timestamp-query, which this adapter lacks or debug.features left out.',
      { param: 'debug.profile' },
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const limit of RAISED_LIMITS) requiredLimits[limit] = options.limits?.[limit] ?? adapter.limits[limit];
  try {
    const device = await adapter.requestDevice({ requiredFeatures: features, requiredLimits });
    const hasDot = hasPackedDot(gpu, options);
    return {
      device,
      name: adapterName(adapter),
      features: hasDot ? [...features, PACKED_DOT] : features,
      isSoftware: adapter.info.isFallbackAdapter,
    };
  } catch (cause) {
    throw new ForgelightError(
      'missing-feature',
      `The graphics adapter refused a device: ${cause instanceof Error ? cause.message : String(cause)}. Update the browser and the graphics driver.`,
      { cause },
    );
  }
}

/** What a device of this adapter would allow, without opening one. Throws as `openGpuDevice`, but no `missing-feature`. */
export async function readAdapterLimits(gpu: GPU | undefined, options: AdapterOptions): Promise<DeviceLimits> {
  const { limits, features } = await requestAdapter(gpu, options);
  const limit = (name: 'maxBufferSize' | 'maxStorageBufferBindingSize'): number =>
    Math.min(limits[name], options.limits?.[name] ?? Infinity);
  return {
    maxBufferBytes: limit('maxBufferSize'),
    maxBindingBytes: limit('maxStorageBufferBindingSize'),
    subgroups: features.has('subgroups') && allowedFeatures(options).includes('subgroups'),
    packedDot: hasPackedDot(gpu, options),
    shaderF16: hasShaderF16(
      allowedFeatures(options).filter((feature) => features.has(feature)),
      limits,
    ),
  };
}

export interface DescribedAdapter {
  /** The name that a device of it has. */
  readonly name: string;
  readonly info: Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'>;
  /** All of WebGPU's features that it has. */
  readonly features: readonly string[];
  /** Those that a device of it gets, as `openGpuDevice` names them. */
  readonly usedFeatures: readonly string[];
  /** Those that are raised. */
  readonly limits: Readonly<Record<string, number>>;
}

/** What there is to know of the adapter, without opening a device. Throws as `openGpuDevice`, but no `missing-feature`. */
export async function describeAdapter(gpu: GPU | undefined): Promise<DescribedAdapter> {
  const adapter = await requestAdapter(gpu, {});
  const { info, features, limits } = adapter;
  const { vendor, architecture, device, description } = info;
  const used = USED_FEATURES.filter((feature) => features.has(feature));
  return {
    name: adapterName(adapter),
    info: { vendor, architecture, device, description },
    features: [...features].sort(),
    usedFeatures: hasPackedDot(gpu, {}) ? [...used, PACKED_DOT] : used,
    limits: Object.fromEntries(RAISED_LIMITS.map((name) => [name, limits[name]])),
  };
}

/** Whether a device with such features and limits can run kernels with f16. */
export function hasShaderF16(features: readonly string[], limits: GPUSupportedLimits): boolean {
  return features.includes(SHADER_F16) && limits.maxComputeWorkgroupStorageSize >= F16_WORKGROUP_BYTES;
}

function allowedFeatures(options: AdapterOptions): readonly string[] {
  return options.features ?? [...USED_FEATURES, PACKED_DOT];
}

function hasPackedDot(gpu: GPU | undefined, options: AdapterOptions): boolean {
  // Younger than WebGPU: browsers without it have none of what it lists.
  const { wgslLanguageFeatures }: Partial<Pick<GPU, 'wgslLanguageFeatures'>> = gpu ?? {};
  return allowedFeatures(options).includes(PACKED_DOT) && wgslLanguageFeatures?.has(PACKED_DOT) === true;
}

async function requestAdapter(gpu: GPU | undefined, options: AdapterOptions): Promise<GPUAdapter> {
  if (gpu === undefined) {
    throw new ForgelightError(
      'no-webgpu',
      'This browser has no WebGPU. Use a current Chrome, Edge, Firefox or Safari, over https or on localhost.',
    );
  }
  refuseUnknownLimits(options.limits ?? {});
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter !== null) return adapter;
  throw new ForgelightError(
    'no-adapter',
    'WebGPU found no graphics adapter. Turn on hardware acceleration in the browser settings, update the graphics driver and restart the browser.',
  );
}

function refuseUnknownLimits(limits: Readonly<Record<string, number>>): void {
  const stranger = Object.keys(limits).find((name) => !RAISED_LIMITS.some((limit) => limit === name));
  if (stranger === undefined) return;
  throw new ForgelightError(
    'invalid-request',
    `debug.limits.${stranger} is not a limit that can be lowered. These can: ${RAISED_LIMITS.join(', ')}.`,
    { param: `debug.limits.${stranger}` },
  );
}

/**
 * What the browser says; where that is nothing (Firefox), a name made of what the adapter can do. Kept choices of kernels and fingerprints hold for one
 * name, and a computer with two GPUs is not to be given those of one on the other.
 */
function adapterName(adapter: GPUAdapter): string {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const name = description || [vendor, architecture, device].filter(Boolean).join(' ');
  if (name !== '') return name;
  return `unnamed ${isFallbackAdapter ? 'software adapter' : 'GPU'} ${fnv1a(abilities(adapter)).slice(0, 6)}`;
}

/** All that an adapter has, in one text. */
function abilities({ info, features, limits }: GPUAdapter): string {
  // Their names are those of the prototype's getters, which `Object.keys` does not see.
  const values: string[] = [];
  for (const limit in limits) values.push(`${limit}=${String(Reflect.get(limits, limit))}`);
  return [...[...features].sort(), ...values.sort(), info.subgroupMinSize, info.subgroupMaxSize].join(' ');
}
