import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { readEmbedder } from '../support/zoo';
import { withOverrides } from '../support/load-zoo';
import { describeEmbeddings, ENCODERS, POOLED_DECODERS } from './embedding-suite';

describeEmbeddings(
  'reference, f32 KV',
  [...ENCODERS, ...POOLED_DECODERS],
  async () => createReferenceDevice(),
  readEmbedder,
  { variants: { matvec: 'rows' }, kvType: 'f32', chunkTokens: 7 },
);
describeEmbeddings(
  'reference, f16 KV',
  ['minilm', ...POOLED_DECODERS],
  async () => createReferenceDevice(),
  readEmbedder,
  { variants: { matvec: 'lanes' }, kvType: 'f16', chunkTokens: 64 },
);

/** All tables and most matrices of minilm are larger than this; what it computes for 32 tokens is not. */
const SMALL_BINDING_BYTES = 50_000;
describeEmbeddings(
  'reference, over several buffers',
  ['minilm'],
  async () => {
    const device = createReferenceDevice();
    return withOverrides(device, { limits: { ...device.limits, maxBindingBytes: SMALL_BINDING_BYTES } });
  },
  readEmbedder,
  { variants: { matvec: 'rows' }, kvType: 'f32', chunkTokens: 7, contextLength: 32 },
);
