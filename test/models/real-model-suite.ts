import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersSince } from '../../src/base/counters';
import { defined } from '../../src/base/assert';
import type { Device } from '../../src/device/device';
import type { KernelVariants } from '../../src/models/choose-variants';
import { argmaxOf, RealModel, type RealFile } from './real-model';
import { float32Of } from './zoo-suite';

/** The oracle's own rounding decides below this margin. */
const SURE_MARGIN = 0.03;
/** Of the largest logit. */
const MAX_RELATIVE = 1e-3;

/** The gates of a decoded token besides dispatches; a device counts what it asks WebGPU for, which e2e/library.spec.ts proves. */
const A_TOKEN = {
  submits: 1,
  passes: 1,
  bindGroupsCreated: 0,
  bufferWrites: 1,
  readbacks: 1,
  readbackBytes: 8,
  buffersCreated: 0,
  pipelinesCreated: 0,
};

export interface RealModelOptions {
  readonly variants: KernelVariants;
  /** After the prompt; each is a step of decoding. */
  readonly greedyTokens: number;
  /** A decoded token has at most so many a layer, and four; 5 if not given. */
  readonly layerDispatches?: number;
  /** Of a long text: how many positions are looked at, at most 64. A head for each is what costs. */
  readonly positions: number;
}

/** A real model against exact arithmetic, on any device. */
export function describeRealModel(
  title: string,
  readFile: () => Promise<RealFile>,
  createDevice: () => Promise<Device>,
  options: RealModelOptions,
): void {
  describe(`${title}, against exact arithmetic`, () => {
    let started = 0;
    let model: RealModel;
    beforeAll(async () => {
      started = performance.now();
      model = await RealModel.load(await createDevice(), await readFile(), options.variants);
    });
    afterAll(() => {
      model.close();
      console.log(`${title}: ${((performance.now() - started) / 1000).toFixed(1)} s in all`);
    });

    it('gives the exact next-token logits and greedy continuation', () => compareGreedy(model, options));
    it(`gives the exact argmax of ${options.positions} positions of a text`, () =>
      comparePositions(model, options.positions));
  });
}

async function compareGreedy(
  model: RealModel,
  { greedyTokens: tokens, layerDispatches = 5 }: RealModelOptions,
): Promise<void> {
  const { promptIds, exact } = defined(model.oracle.raw[0], 'a raw prompt');
  const [found] = await model.evaluate(promptIds, [promptIds.length - 1]);
  const logits = defined(found, 'logits');
  expect(logits.length).toBe(model.oracle.meta.nVocab);
  expect(relativeError(logits, float32Of(exact.logits_b64))).toBeLessThan(MAX_RELATIVE);

  // The exact token is fed on whatever was chosen: one close call must not end the comparison.
  const chosen = [argmaxOf(logits)];
  const before = model.counters();
  const start = performance.now();
  for (let i = 1; i < tokens; i++) {
    chosen.push(await model.decode(defined(exact.greedyIds[i - 1], 'token'), promptIds.length + i - 1));
  }
  const { dispatches, ...counts } = countersSince(model.counters(), before);
  expect(dispatches / (tokens - 1)).toBeLessThanOrEqual(layerDispatches * model.layers + 4);
  expect(counts).toMatchObject(
    Object.fromEntries(Object.entries(A_TOKEN).map(([name, n]) => [name, n * (tokens - 1)])),
  );
  const seconds = (performance.now() - start) / 1000;
  console.log(`decode: ${((tokens - 1) / seconds).toFixed(2)} tokens per second`);
  const isSure = (_: number, i: number): boolean => (exact.margins[i] ?? 0) >= SURE_MARGIN;
  expect(chosen.filter(isSure)).toEqual(exact.greedyIds.slice(0, tokens).filter(isSure));
  expect(chosen.filter(isSure).length).toBeGreaterThan(tokens / 2);
}

async function comparePositions(model: RealModel, positions: number): Promise<void> {
  const { perplexity, teacherForced } = model.oracle;
  const ids = perplexity.ids.slice(0, positions);
  const logits = await model.evaluate(ids, [...ids.keys()]);
  const { argmax, margins } = teacherForced;
  const sure = [...ids.keys()].filter((i) => (margins[i] ?? 0) >= SURE_MARGIN);
  expect(sure.map((i) => argmaxOf(defined(logits[i], 'logits')))).toEqual(sure.map((i) => argmax[i]));
  expect(sure.length).toBeGreaterThan(0.75 * positions);
}

/** The largest difference, as a share of the largest logit; the oracle may know every so many-th logit only. */
function relativeError(logits: Float32Array, expected: Float32Array): number {
  const step = logits.length / expected.length;
  const scale = Math.max(...expected.map(Math.abs));
  const worst = expected.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (logits[i * step] ?? Infinity))),
    0,
  );
  return worst / scale;
}
