import { afterAll, beforeAll, describe } from 'vitest';
import type { Device } from '../../src/device/device';
import type { QuantFormat } from '../../src/quant/format';
import { describeAttention } from './attention-cases';
import { describeBatches } from './batch-cases';
import { describeCandidates } from './candidates-cases';
import { describeExpertMatvec, describeRoute } from './expert-cases';
import { describeActivation, describeLayernorm, describePool } from './encoder-cases';
import { describeAddBias, describeHeadNorm, describeSoftcap } from './in-place-cases';
import { describeInvariance } from './invariance-cases';
import { describeMatmul, describeMatvec } from './linear-cases';
import { describeQkv } from './qkv-cases';
import { describeRopeKv } from './rope-kv-cases';
import { describeEmbed, describeEmbedNorm, describeGlu, describeRmsnorm, describeSlicedEmbed } from './row-cases';
import { describeSample } from './sample-cases';
import { DRAWN_FORMATS } from './test-matrix';

export interface KernelSuiteOptions {
  /** The shapes this device has. */
  readonly variants: { readonly matvec: readonly string[]; readonly matmul: readonly string[] };
  /** Block formats whose batches are compared; those that are drawn for all cases if not given. */
  readonly batchFormats?: readonly QuantFormat[];
  /** A second device that runs the same texts need not compare bits of rows in batches again. */
  readonly hasTwin?: boolean;
}

/** Gives the device of the running suite. */
export type DeviceOf = () => Device;

/** The one suite that every device passes: kernel × block format × variant × odd shape, against test/kernels/oracle.ts. */
export function describeKernels(name: string, createDevice: () => Promise<Device>, options: KernelSuiteOptions): void {
  describe(`kernels on ${name}`, () => {
    let device: Device | null = null;
    beforeAll(async () => {
      device = await createDevice();
    });
    afterAll(() => device?.close());
    const deviceOf: DeviceOf = () => {
      if (device === null) throw new Error('the device is opened before the tests');
      return device;
    };
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
    describeMatvec(deviceOf, options.variants.matvec);
    if (options.hasTwin !== true) {
      describeBatches(deviceOf, options.variants.matvec, options.batchFormats ?? DRAWN_FORMATS);
      describeInvariance(deviceOf);
    }
    describeQkv(deviceOf, options.variants.matvec);
    describeMatmul(deviceOf, options.variants.matmul);
    describeRoute(deviceOf);
    describeExpertMatvec(deviceOf);
    describeRopeKv(deviceOf);
    describeAttention(deviceOf);
    describePool(deviceOf);
    describeCandidates(deviceOf);
    describeSample(deviceOf);
  });
}
