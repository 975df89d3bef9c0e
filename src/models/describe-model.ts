import type { ByteStream } from '../base/byte-stream';
import { ForgelightError } from '../base/errors';
import { getString } from '../gguf/metadata';
import { readGgufHeader } from '../gguf/read-header';
import type { GgufFile, GgufMetadata } from '../gguf/types';
import type { QuantFormat } from '../quant/format';
import { quantFormat } from '../quant/registry';
import type { EncoderNetwork } from './encoder-network';
import { planEncoderWeights } from './encoder-weights';
import type { Network } from './network';
import { describeEncoder, describeNetwork } from './registry';
import { planWeights, unusedTensors } from './weight-plan';

/** A model whose header is read: all that can be told before its weights arrive. */
export interface DescribedModel {
  readonly file: GgufFile;
  readonly network: Network | EncoderNetwork;
  readonly metadata: GgufMetadata;
  readonly name: string;
  readonly architecture: string;
  /** As people name it: the format of most of the weights. */
  readonly quantisation: string;
  /** The format whose speed decides. */
  readonly mainFormat: QuantFormat;
  /** The bytes from `file.dataOffsetBytes` on. */
  readonly weights: ByteStream;
}

/** Reads the header and checks that every tensor is there and supported. Throws `bad-gguf` and `unsupported-…`. */
export async function describeModel(
  stream: ByteStream,
  fileSizeBytes: number | null,
  fileName: string,
): Promise<DescribedModel> {
  const { file, rest } = await readGgufHeader(stream, fileSizeBytes ?? undefined);
  try {
    const network = describeEncoder(file) ?? describeNetwork(file);
    refuseUnused(unreadTensors(network, file));
    const mainFormat = largestFormat(file);
    return {
      file,
      network,
      metadata: file.metadata,
      name: getString(file.metadata, 'general.name', fileName),
      architecture: getString(file.metadata, 'general.architecture'),
      quantisation: mainFormat.type,
      mainFormat,
      weights: rest,
    };
  } catch (error) {
    await rest.cancel(error);
    throw error;
  }
}

/** A head is of no use to vectors of texts, and some files have one all the same. */
function unreadTensors(network: Network | EncoderNetwork, file: GgufFile): readonly string[] {
  if (network.kind === 'encoder') return unusedTensors(planEncoderWeights(network, file), file);
  const unused = unusedTensors(planWeights(network, file), file);
  return network.pooling === null ? unused : unused.filter((name) => name !== 'output.weight');
}

/** A wrong answer is worse than none. */
function refuseUnused(names: readonly string[]): void {
  if (names.length === 0) return;
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
  throw new ForgelightError(
    'unsupported-architecture',
    `This model has tensors that Forgelight would leave out (${shown}), so its answers would be wrong. Choose another model.`,
  );
}

/** The block formats of a file's matrices. */
export function matrixFormats(file: GgufFile): readonly QuantFormat[] {
  const types = new Set(file.tensors.filter(({ shape }) => shape.length > 1).map(({ type }) => type));
  return [...types].map((type) => quantFormat(type, 'a matrix'));
}

/** The format that holds most elements in layers: an embedding of another format may be large but is read row by row. */
function largestFormat(file: GgufFile): QuantFormat {
  const elements = new Map<string, number>();
  for (const tensor of file.tensors) {
    if (!tensor.name.startsWith('blk.')) continue;
    const count = tensor.shape.reduce((product, length) => product * length, 1);
    elements.set(tensor.type, (elements.get(tensor.type) ?? 0) + count);
  }
  const [largest] = [...elements].sort((a, b) => b[1] - a[1]);
  const tensor = file.tensors.find(({ name, type }) => name.startsWith('blk.') && type === largest?.[0]);
  if (tensor === undefined) throw new ForgelightError('bad-gguf', 'The file has no layers. Choose another file.');
  return quantFormat(tensor.type, tensor.name);
}
