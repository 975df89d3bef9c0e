import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { readZoo } from '../support/zoo';
import { describeLongTexts } from './long-text-suite';
import { describeSplits, SPLIT_MODELS } from './split-suite';
import { describeZoo, IN_BYTES, ZOO_FORMATS, ZOO_MODELS } from './zoo-suite';

describeZoo('reference, f32 KV', [...ZOO_MODELS, ...ZOO_FORMATS], async () => createReferenceDevice(), readZoo, {
  variants: { matvec: 'rows' },
  kvType: 'f32',
  chunkTokens: 7,
});
describeZoo(
  'reference, f16 KV',
  ['llama', 'qwen3', 'gemma3', 'quant-Q4_1'],
  async () => createReferenceDevice(),
  readZoo,
  {
    variants: { matvec: 'lanes' },
    kvType: 'f16',
    chunkTokens: 64,
  },
);
/** Heads of 32, 64 with windows, and 32 with biases. */
describeZoo('reference, q8_0 KV', ['llama', 'gemma3', 'qwen2'], async () => createReferenceDevice(), readZoo, {
  variants: { matvec: 'rows' },
  kvType: 'q8_0',
  chunkTokens: 7,
});
describeZoo(
  'reference, activations in bytes',
  ZOO_FORMATS.concat('quant-Q4_1', 'quant-Q8_0'),
  async () => createReferenceDevice(),
  readZoo,
  { variants: IN_BYTES, kvType: 'f32', rounded: 'int8', chunkTokens: 7 },
);
describeSplits('reference', SPLIT_MODELS, async () => createReferenceDevice(), readZoo, {
  variants: { matvec: 'rows' },
  chunkTokens: 7,
});
describeLongTexts('reference', { name: 'llama', layers: 2 }, async () => createReferenceDevice(), readZoo, {
  variants: { matvec: 'rows' },
});
