import type { Device } from '../device/device';
import { allocateEmbedder, type AllocatedEmbedder } from '../models/allocate-embedder';
import { allocateModel, type AllocatedModel, type ModelOptions } from '../models/allocate-model';
import type { KernelVariants } from '../models/choose-variants';
import type { DescribedModel } from '../models/describe-model';
import type { Network } from '../models/network';
import type { LoadOptions } from '../protocol/engine-port';

export type Allocated = AllocatedModel | AllocatedEmbedder;

/** Makes all buffers of a model as a load with these options does, and begins to prepare its plans. */
export function allocate(
  device: Device,
  model: DescribedModel,
  options: LoadOptions,
  variants: KernelVariants,
): Allocated {
  const { contextLength, kvCacheTokens, kvCacheType, maxConcurrent, debug } = options;
  const { network, file } = model;
  const modelOptions: ModelOptions = {
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(kvCacheTokens === undefined ? {} : { kvCacheTokens }),
    ...(debug.chunkTokens === undefined ? {} : { chunkTokens: debug.chunkTokens }),
    kvType: kvCacheType,
    maxConcurrent,
    variants,
  };
  return writesText(network)
    ? allocateModel(device, file, network, modelOptions)
    : allocateEmbedder(device, file, network, modelOptions);
}

/** Other models only read prompts, and have no use for batches of rows. */
export function writesText(network: DescribedModel['network']): network is Network {
  return network.kind === 'decoder' && network.pooling === null;
}
