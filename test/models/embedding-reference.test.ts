import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { readEmbedder } from '../support/zoo';
import { describeEmbeddings, ENCODERS, POOLED_DECODERS } from './embedding-suite';

describeEmbeddings(
  'reference, f32 KV',
  [...ENCODERS, ...POOLED_DECODERS],
  async () => createReferenceDevice(),
  readEmbedder,
  { variants: { matvec: 'rows', matmul: 'rows' }, kvType: 'f32', chunkTokens: 7 },
);
describeEmbeddings(
  'reference, f16 KV',
  ['minilm', ...POOLED_DECODERS],
  async () => createReferenceDevice(),
  readEmbedder,
  { variants: { matvec: 'lanes', matmul: 'tile' }, kvType: 'f16', chunkTokens: 64 },
);
