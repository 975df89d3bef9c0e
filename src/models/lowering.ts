import { roundUp } from '../base/units';
import { largestBufferBytes, type Device, type DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { attendedBytes, attentionParts, type AttentionParts } from '../kernels/attention';
import type { LinearArgs } from '../kernels/linear';
import { TOKEN_TILE } from '../kernels/matmul';
import type { MatvecVariant } from '../kernels/matvec';
import type { DeviceWeights } from './device-weights';
import type { Layer, Network } from './network';
import type { MatrixPlan, VectorPlan } from './weight-plan';

/** The kernel of linear layers: prefill's or decode's. */
export interface Linear {
  readonly of: (args: LinearArgs) => Dispatch;
  /** It norms the rows that it reads, and can end in a gated unit. */
  readonly fuses: boolean;
}

/** What a linear layer reads: rows, and their norm where that is left to its kernel. */
export type LinearInput = Pick<LinearArgs, 'x' | 'norm'>;

/** Activations, allocated once for the largest step, [rows × …] f32. */
export interface Activations {
  readonly x: DeviceBuffer; // [rows × hidden] the residual stream
  readonly normed: DeviceBuffer; // [rows × hidden]
  readonly qkv: DeviceBuffer; // [rows × (heads + 2·kvHeads)·headSize]
  readonly q: DeviceBuffer; // [rows × heads·headSize] rotated
  readonly attended: DeviceBuffer; // [rows × heads·headSize], or fewer rows and their parts
  readonly gateUp: DeviceBuffer; // [rows × used × 2·size]; used: 1 without experts
  readonly gated: DeviceBuffer; // [rows × used × size]
  readonly routerLogits: DeviceBuffer; // [rows × experts]
  readonly routes: DeviceBuffer; // [rows × used] of (expert, weight)
}

/** What a block reads, and the dispatches that give it. */
export interface Normed {
  readonly dispatches: readonly Dispatch[];
  readonly input: LinearInput;
}

/** What the blocks of a layer are lowered with. */
export interface Lowering {
  readonly weights: DeviceWeights;
  readonly activations: Activations;
  /** Of what joins the residual stream. */
  readonly residualScale: number;
  /** The shape of the exact decode kernels. */
  readonly matvec: MatvecVariant;
  /** The residual stream, normed where the block has a norm before it: by those who read it, or by a dispatch of its own. */
  norm(vector: VectorPlan | null, byReaders: boolean): Normed;
  /** Adds biases beside each other to rows of x. */
  biases(vectors: readonly VectorPlan[], x: DeviceBuffer, stride: number): Dispatch[];
  /** Several matrices over one input, their results beside each other in a row of y. */
  beside(
    matrices: readonly MatrixPlan[],
    input: LinearInput,
    y: DeviceBuffer,
    yStride: number,
    linear: Linear,
  ): Dispatch[];
  /** The residual stream += the product, scaled; normed first where the block has a norm behind it. */
  addTo(matrix: MatrixPlan, x: DeviceBuffer, behind: Behind, linear: Linear): Dispatch[];
}

/** What follows a block's last product. */
export interface Behind {
  readonly bias: VectorPlan | null;
  readonly norm: VectorPlan | null;
}

/** Rows of activations, in whole tiles of tokens: a kernel may read past the last row, never past the buffer. */
export function activationRows(steps: { readonly maxChunkTokens: number; readonly maxDecodeRows: number }): number {
  return roundUp(Math.max(steps.maxChunkTokens, steps.maxDecodeRows), TOKEN_TILE);
}

/**
 * Where workgroups that share a generated row's positions leave their sums; `null`: none share, because nothing is won on this device, texts
 * are too short, or no buffer has place for so many rows.
 */
export function partsOf(device: Device, network: Network, contextLength: number, rows: number): AttentionParts | null {
  const parts = device.isSoftware === true ? null : attentionParts(contextLength, rows);
  return partsBytes(network, parts) > largestBufferBytes(device.limits) ? null : parts;
}

function partsBytes({ layers }: Network, parts: AttentionParts | null): number {
  if (parts === null) return 0;
  return Math.max(...layers.map(({ attention: a }) => attendedBytes(parts, a.heads, a.headSize)));
}

/** `parts`: as `partsOf` gives them. */
export function allocateActivations(
  device: Device,
  network: Network,
  rows: number,
  parts: AttentionParts | null,
): Activations {
  const widest = (size: (layer: Layer) => number): number => Math.max(...network.layers.map(size));
  const width = widest(({ attention: a }) => a.heads * a.headSize);
  const qkvWidth = widest(({ attention: a }) => (a.heads + 2 * a.kvHeads) * a.headSize);
  const size = widest(({ feedForward: f }) => f.size * (f.kind === 'experts' ? f.used : 1));
  const experts = widest(({ feedForward: f }) => (f.kind === 'experts' ? f.experts : 0));
  const used = widest(({ feedForward: f }) => (f.kind === 'experts' ? f.used : 0));
  const buffer = (label: string, elements: number): DeviceBuffer => device.createBuffer(label, rows * elements * 4);
  return {
    x: buffer('x', network.hiddenSize),
    normed: buffer('normed', network.hiddenSize),
    qkv: buffer('qkv', qkvWidth),
    q: buffer('q', width),
    attended: device.createBuffer('attended', Math.max(rows * width * 4, partsBytes(network, parts))),
    gateUp: buffer('gateUp', 2 * size),
    gated: buffer('gated', size),
    routerLogits: buffer('routerLogits', experts),
    routes: buffer('routes', 2 * used),
  };
}
