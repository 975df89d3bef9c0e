import { afterAll, beforeAll, describe } from 'vitest';
import type { Device } from '../../src/device/device';
import type { ChunkWidth } from '../../src/kernels/matmul';
import { BYTE_VARIANTS, MATVEC_VARIANTS, type RoundedVariant } from '../../src/kernels/matvec';
import type { QuantFormat } from '../../src/quant/format';
import { Q8_0 } from '../../src/quant/q8_0';
import { describeAttention } from './attention-cases';
import { describeBatches } from './batch-cases';
import { describeCandidates } from './candidates-cases';
import { describeExpertFormats, describeExpertMatvec, describeRoute } from './expert-cases';
import { describeActivation, describeLayernorm, describePool } from './encoder-cases';
import { describeAddBias, describeHeadNorm, describeSoftcap } from './in-place-cases';
import { describeInvariance } from './invariance-cases';
import { describeKeepTokens } from './keep-tokens-cases';
import { describeMatmul, describeMatvec } from './linear-cases';
import { describeNans } from './nan-cases';
import { describePenalise } from './penalise-cases';
import { describeQkv, describeQkvBatches, FEW_QUERIES } from './qkv-cases';
import { describeRelayout } from './relayout-cases';
import { describeRoundedMatvec } from './rounded-cases';
import { describeRopeKv } from './rope-kv-cases';
import { describeEmbed, describeEmbedNorm, describeGlu, describeRmsnorm, describeSlicedEmbed } from './row-cases';
import { describeSample } from './sample-cases';
import { DRAWN_FORMATS } from './test-matrix';

export interface KernelSuiteOptions {
  /** The shapes of matvec that this device has. */
  readonly variants: readonly string[];
  /** The widths of matmul that it has. */
  readonly chunks: readonly ChunkWidth[];
  /** Of matvec that round x; those that round to bytes if not given. */
  readonly rounded?: readonly RoundedVariant[];
  /** Whether queries of rounded rows come 16 at once too: other pipelines, which a software adapter takes long to make. */
  readonly wideQueries?: boolean;
  /** Block formats whose batches are compared; those that are drawn for all cases if not given. */
  readonly batchFormats?: readonly QuantFormat[];
}

const WIDE_QUERIES = [...FEW_QUERIES, [15, 16]] as const;

/** Gives the device of the running suite. */
export type DeviceOf = () => Device;

/** The one suite that every device passes: kernel × block format × variant × odd shape, against test/kernels/oracle.ts. */
export function describeKernels(name: string, createDevice: () => Promise<Device>, options: KernelSuiteOptions): void {
  describe(`kernels on ${name}`, () => {
    const deviceOf = useDevice(createDevice);
    describeEmbed(deviceOf);
    describeSlicedEmbed(deviceOf);
    describeEmbedNorm(deviceOf);
    describeRmsnorm(deviceOf);
    describeLayernorm(deviceOf);
    describeHeadNorm(deviceOf);
    describeAddBias(deviceOf);
    describeSoftcap(deviceOf);
    describeGlu(deviceOf);
    describeActivation(deviceOf);
    describeMatvecs(deviceOf, options.variants, options.batchFormats);
    const queries = options.wideQueries === true ? WIDE_QUERIES : FEW_QUERIES;
    describeRoundedMatvec(deviceOf, options.rounded ?? BYTE_VARIANTS, queries);
    describeInvariance(deviceOf);
    describeMatmul(deviceOf, options.chunks);
    describeRoute(deviceOf);
    describeExpertFormats(deviceOf);
    describeExpertMatvec(deviceOf);
    describeRopeKv(deviceOf);
    describeAttention(deviceOf);
    describePool(deviceOf);
    describeKeepTokens(deviceOf);
    describePenalise(deviceOf);
    describeCandidates(deviceOf);
    describeSample(deviceOf);
    describeRelayout(deviceOf);
    describeNans(deviceOf, options.rounded ?? BYTE_VARIANTS);
  });
}

/**
 * Of the suite the fewest cases in which every kernel runs, for orders of threads beyond the first: those of 1 … 16 rows, alone and in company,
 * which cross the edges of batches, and of workgroups and of tiles where their shapes do; and each block format once.
 */
export function describeFewKernels(name: string, createDevice: () => Promise<Device>): void {
  describe(`every kernel on ${name}`, () => {
    const deviceOf = useDevice(createDevice);
    describeInvariance(deviceOf);
    describeKeepTokens(deviceOf);
    describeBatches(deviceOf, MATVEC_VARIANTS, [Q8_0]);
    describeQkvBatches(deviceOf, MATVEC_VARIANTS);
    describeRoundedMatvec(deviceOf, BYTE_VARIANTS, WIDE_QUERIES);
    describeExpertFormats(deviceOf);
    describeRelayout(deviceOf);
  });
}

/**
 * What of the suite uses subgroups, on software adapters also to read. All other kernels use no feature: where they are, the texts and the
 * pipelines are the same.
 */
export function describeSubgroupKernels(
  name: string,
  createDevice: () => Promise<Device>,
  batchFormats?: readonly QuantFormat[],
): void {
  describe(`kernels of subgroups on ${name}`, () => {
    const deviceOf = useDevice(createDevice);
    describeMatvecs(deviceOf, ['rows', 'subgroup'], batchFormats);
    describeInvariance(deviceOf);
    describeMatmul(deviceOf, [16, 64]);
    describeAttention(deviceOf);
    describeNans(deviceOf, []);
  });
}

function describeMatvecs(deviceOf: DeviceOf, variants: readonly string[], batchFormats = DRAWN_FORMATS): void {
  describeMatvec(deviceOf, variants);
  describeBatches(deviceOf, variants, batchFormats);
  describeQkv(deviceOf, variants);
  describeQkvBatches(deviceOf, variants);
}

/** A device for the tests of the `describe` that this is called in. */
function useDevice(createDevice: () => Promise<Device>): DeviceOf {
  let device: Device | null = null;
  beforeAll(async () => {
    device = await createDevice();
  });
  afterAll(() => device?.close());
  return () => {
    if (device === null) throw new Error('the device is opened before the tests');
    return device;
  };
}
