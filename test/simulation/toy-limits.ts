import type { RunnerLimits } from '../../src/engine/runner';
import type { Scenario } from './scenario';
import { VOCABULARY_SIZE } from './toy-task';

/** Rows of a step. */
const STEP_ROWS = 5;

/** What the toy model's first device takes. */
export function limitsOf(scenario: Omit<Scenario, 'actions'>): RunnerLimits {
  const { contextLength, blockTokens, totalBlocks, windowTokens, maxConcurrent } = scenario;
  const perSequence = Math.floor((windowTokens - 1 + STEP_ROWS + blockTokens - 2) / blockTokens) + 1;
  const window = { tokens: windowTokens, blocks: Math.min(totalBlocks, maxConcurrent * perSequence) };
  return {
    vocabularySize: VOCABULARY_SIZE,
    contextLength,
    blockTokens,
    totalBlocks,
    window: windowTokens === 0 ? null : window,
    minChunkTokens: scenario.chunkTokens,
    maxChunkTokens: STEP_ROWS,
    maxDecodeRows: STEP_ROWS,
    maxSlots: maxConcurrent,
    topK: 8,
  };
}

/** The same on a device with less memory. */
export function smallerLimits(scenario: Omit<Scenario, 'actions'>): RunnerLimits {
  return limitsOf({
    ...scenario,
    contextLength: Math.ceil(scenario.contextLength / 2),
    totalBlocks: Math.ceil(scenario.totalBlocks / 2),
  });
}
