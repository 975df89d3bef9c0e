import type { Device, DeviceBuffer } from '../device/device';
import type { Plan } from '../device/plan';
import { rmsnorm } from '../kernels/rmsnorm';
import type { DeviceWeights } from './device-weights';
import type { Network } from './network';
import { PlanBuilder, type PlanOptions, type WidthPlan } from './plan-builder';
import type { WeightPlan } from './weight-plan';

/** The plans of a model that makes vectors of texts. */
export interface EmbeddingPlans {
  /** Rows → the state of each; narrow chunks first. */
  readonly prefill: readonly WidthPlan[];
  /** The states → the text's vector, not yet of length 1. */
  readonly pool: Plan;
  readonly stepInput: DeviceBuffer;
  readonly embedding: DeviceBuffer; // [hidden] f32
}

/** A decoder whose last token is the text: its prefill as ever, then the final norm of the row that the output names. */
export function buildPooledDecoder(
  device: Device,
  network: Network,
  weightPlan: WeightPlan,
  weights: DeviceWeights,
  options: PlanOptions,
): EmbeddingPlans {
  const builder = new PlanBuilder(device, network, weights, options);
  const { stepInput, activations } = builder;
  const embedding = device.createBuffer('embedding', network.hiddenSize * 4);
  const norm = rmsnorm({
    x: activations.x,
    weight: weights.vector(weightPlan.outputNorm),
    y: embedding,
    hidden: network.hiddenSize,
    epsilon: network.normEpsilon,
    ofOutputs: true,
  });
  const pool = { label: 'pool', stepInput, dispatches: [norm] };
  return { prefill: builder.prefill(weightPlan), pool, stepInput, embedding };
}
