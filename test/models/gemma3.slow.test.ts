import { expect } from 'vitest';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { readJson, readMetadata } from '../support/model-metadata';
import { readRealModel, realModelPath } from '../support/real-models';
import { GEMMA3 } from './real-model';
import { describeRealModel } from './real-model-suite';
import { describeRealTokenizer, type TokenizerOracle } from './real-tokenizer-suite';

const oracle = readJson(`test/fixtures/oracle/${GEMMA3}.json`) as TokenizerOracle;

describeRealTokenizer(GEMMA3, readMetadata(realModelPath(GEMMA3)), oracle, (tokenizer) => {
  // </s> (212) ends an answer too: llama.cpp goes by its text
  expect(tokenizer.endIds).toEqual(new Set([oracle.meta.eos, oracle.meta.eot, 212]));
  expect(tokenizer.addsBos).toBe(true);
});

describeRealModel(
  'Gemma 3 270M Q4_K_M on the reference device',
  async () => readRealModel(GEMMA3),
  async () => createReferenceDevice(),
  { variants: { matvec: 'rows' }, greedyTokens: 4, layerDispatches: 12, positions: 6 },
);
