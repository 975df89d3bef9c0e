import { defined, unreachable } from '../base/assert';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { expertMatvec, type ExpertMatvecArgs } from '../kernels/expert-matvec';
import { glu } from '../kernels/glu';
import { route } from '../kernels/route';
import type { Linear, LinearInput, Lowering } from './lowering';
import type { DenseBlock, ExpertsBlock, FeedForwardBlock } from './network';
import type { ExpertWeightPlan, LayerWeightPlan, MatrixPlan } from './weight-plan';

export function lowerFeedForward(
  lowering: Lowering,
  block: FeedForwardBlock,
  plan: LayerWeightPlan,
  linear: Linear,
): Dispatch[] {
  switch (block.kind) {
    case 'dense':
      return lowerDense(lowering, block, plan, linear);
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
): Dispatch[] {
  const { gateUp, gated } = lowering.activations;
  const { dispatches, input } = lowering.norm(plan.feedForwardNorm, linear.fuses);
  const [stacked, ...others] = plan.gateUp;
  const gate =
    stacked !== undefined && others.length === 0
      ? gatedSlices(lowering, stacked, input, { size, activation }, linear)
      : [
          ...lowering.beside(plan.gateUp, input, gateUp, 2 * size, linear),
          glu({ x: gateUp, y: gated, size, activation }),
        ];
  const behind = { bias: null, norm: plan.feedForwardPostNorm };
  return [...dispatches, ...gate, ...lowering.addTo(plan.down, gated, behind, linear)];
}

/** A slice of gate above up gives the columns of `gated` that its rows stand for. */
function gatedSlices(
  lowering: Lowering,
  matrix: MatrixPlan,
  input: LinearInput,
  { size, activation }: Pick<DenseBlock, 'size' | 'activation'>,
  linear: Linear,
): Dispatch[] {
  const { gateUp, gated } = lowering.activations;
  return matrix.slices.flatMap((slice) => {
    const { rows, firstRow: yOffset } = slice;
    const weights = lowering.weights.matrix(slice);
    if (linear.fuses)
      return [linear.of({ ...input, weights, y: gated, yStride: size, yOffset, epilogue: 'glu', activation })];
    return [
      linear.of({ ...input, weights, y: gateUp, yStride: rows, epilogue: 'store' }),
      glu({ x: gateUp, y: gated, size: rows / 2, yStride: size, yOffset, activation }),
    ];
  });
}

/**
 * Router, then the chosen experts of each row: one kernel for prompt and generated rows, so that `linear` is the router's. Both read
 * the normed rows, which the experts' kernel does not norm.
 */
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
  const { dispatches, input } = lowering.norm(plan.feedForwardNorm, false);
  const shared = { used, routes, variant: lowering.matvec, allExperts: experts };
  return [
    ...dispatches,
    ...lowering.beside([router], input, routerLogits, experts, linear),
    ...lowering.biases(routerBias === null ? [] : [routerBias], routerLogits, experts),
    route({ logits: routerLogits, routes, experts, used, scale: lowering.residualScale }),
    ...gateAndUp(lowering, block, plan, biases, { ...shared, x: input.x }),
    ...ofExperts(lowering, plan.down, router.columns, {
      ...shared,
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
  shared: Pick<ExpertMatvecArgs, 'used' | 'allExperts' | 'routes' | 'variant' | 'x'>,
): Dispatch[] {
  const { weights } = lowering;
  const { gateUp, gated } = lowering.activations;
  const vectors: readonly DeviceBuffer[] =
    biases === null ? [] : [biases.gate, biases.up].map((bias) => weights.vector(bias));
  const [stacked, ...others] = plan.gateUp;
  if (stacked !== undefined && others.length === 0) {
    const args = { ...shared, y: gated, yStride: size, biases: vectors };
    return ofExperts(lowering, stacked, size, { ...args, epilogue: 'glu', activation });
  }
  const args = { ...shared, y: gateUp, yStride: 2 * size, epilogue: 'store' } as const;
  return [
    ...plan.gateUp.flatMap((matrix, i) =>
      ofExperts(lowering, matrix, size, { ...args, yOffset: i * size, biases: vectors.slice(i, i + 1) }),
    ),
    glu({ x: gateUp, y: gated, size, activation, segments: used }),
  ];
}

/** One layer of experts that give `rows` each, a dispatch a slice: each takes its own experts and leaves the others alone. */
function ofExperts(
  lowering: Lowering,
  matrix: MatrixPlan,
  rows: number,
  args: Omit<ExpertMatvecArgs, 'weights' | 'experts' | 'firstExpert'>,
): Dispatch[] {
  const bands = args.epilogue === 'glu' ? 2 : 1;
  return matrix.slices.map((slice) =>
    expertMatvec({
      ...args,
      weights: lowering.weights.matrix(slice),
      experts: slice.rows / bands / rows,
      firstExpert: slice.firstRow / rows,
    }),
  );
}
