import { defined, unreachable } from '../base/assert';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { expertMatvec, type ExpertMatvecArgs } from '../kernels/expert-matvec';
import { glu } from '../kernels/glu';
import { route } from '../kernels/route';
import type { Linear, Lowering } from './lowering';
import type { DenseBlock, ExpertsBlock, FeedForwardBlock } from './network';
import type { ExpertWeightPlan, LayerWeightPlan } from './weight-plan';

/** `fusesGlu`: the linear kernel can end in a gated unit. */
export function lowerFeedForward(
  lowering: Lowering,
  block: FeedForwardBlock,
  plan: LayerWeightPlan,
  linear: Linear,
  fusesGlu: boolean,
): Dispatch[] {
  switch (block.kind) {
    case 'dense':
      return lowerDense(lowering, block, plan, linear, fusesGlu);
    case 'experts':
      return lowerExperts(lowering, block, plan, defined(plan.experts, `weights of ${block.router}`), linear);
    default:
      return unreachable(block);
  }
}

function lowerDense(
  lowering: Lowering,
  { size, activation }: DenseBlock,
  plan: LayerWeightPlan,
  linear: Linear,
  fusesGlu: boolean,
): Dispatch[] {
  const { weights } = lowering;
  const { gateUp, gated } = lowering.activations;
  const input = lowering.norm(plan.feedForwardNorm);
  const [stacked, ...others] = plan.gateUp;
  const gate =
    fusesGlu && stacked !== undefined && others.length === 0
      ? [
          linear({
            weights: weights.matrix(stacked),
            x: input.y,
            y: gated,
            yStride: size,
            epilogue: 'glu',
            activation,
          }),
        ]
      : [
          ...lowering.beside(plan.gateUp, input.y, gateUp, 2 * size, linear),
          glu({ x: gateUp, y: gated, size, activation }),
        ];
  const behind = { bias: null, norm: plan.feedForwardPostNorm };
  return [...input.dispatches, ...gate, ...lowering.addTo(plan.down, gated, behind, linear)];
}

/** Router, then the chosen experts of each row: one kernel for prompt and generated rows, so that `linear` is the router's. */
function lowerExperts(
  lowering: Lowering,
  block: ExpertsBlock,
  plan: LayerWeightPlan,
  { router, routerBias, biases }: ExpertWeightPlan,
  linear: Linear,
): Dispatch[] {
  const { weights } = lowering;
  const { x, gated, routerLogits, routes } = lowering.activations;
  const { experts, used } = block;
  const input = lowering.norm(plan.feedForwardNorm);
  const shared = { experts, used, routes, variant: lowering.matvec };
  return [
    ...input.dispatches,
    ...lowering.beside([router], input.y, routerLogits, experts, linear),
    ...lowering.biases(routerBias === null ? [] : [routerBias], routerLogits, experts),
    route({ logits: routerLogits, routes, experts, used, scale: lowering.residualScale }),
    ...gateAndUp(lowering, block, plan, biases, { ...shared, x: input.y }),
    expertMatvec({
      ...shared,
      weights: weights.matrix(plan.down),
      x: gated,
      y: x,
      yStride: router.columns,
      epilogue: 'add',
      biases: biases === null ? [] : [weights.vector(biases.down)],
    }),
  ];
}

/** gated = gate and up of each row's experts, in one pass where they are stacked. */
function gateAndUp(
  lowering: Lowering,
  { size, used, activation }: ExpertsBlock,
  plan: LayerWeightPlan,
  biases: ExpertWeightPlan['biases'],
  shared: Pick<ExpertMatvecArgs, 'experts' | 'used' | 'routes' | 'variant' | 'x'>,
): Dispatch[] {
  const { weights } = lowering;
  const { gateUp, gated } = lowering.activations;
  const vectors: readonly DeviceBuffer[] =
    biases === null ? [] : [biases.gate, biases.up].map((bias) => weights.vector(bias));
  const [stacked, ...others] = plan.gateUp.map((matrix) => weights.matrix(matrix));
  if (stacked !== undefined && others.length === 0) {
    const args = { ...shared, weights: stacked, y: gated, yStride: size, biases: vectors };
    return [expertMatvec({ ...args, epilogue: 'glu', activation })];
  }
  const args = { ...shared, y: gateUp, yStride: 2 * size, epilogue: 'store' } as const;
  return [
    ...plan.gateUp.map((matrix, i) =>
      expertMatvec({
        ...args,
        weights: weights.matrix(matrix),
        yOffset: i * size,
        biases: vectors.slice(i, i + 1),
      }),
    ),
    glu({ x: gateUp, y: gated, size, activation, segments: used }),
  ];
}
