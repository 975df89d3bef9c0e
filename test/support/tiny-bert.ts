import { parseGguf } from '../../src/gguf/parse';
import type { GgufFile } from '../../src/gguf/types';
import { type MetaValue, writeGguf } from '../gguf-writer';

const [HIDDEN, SIZE, LAYERS, VOCABULARY, CONTEXT] = [64, 96, 2, 41, 40];

type Changes<T> = Readonly<Record<string, T | undefined>>;

/** The header of a tiny bert with these entries and tensors (name → shape) changed; `undefined` takes one away. */
export function tinyBert(keys: Changes<MetaValue> = {}, tensors: Changes<readonly number[]> = {}): GgufFile {
  const bytes = writeGguf({
    metadata: present({ ...METADATA, ...keys }),
    tensors: Object.entries(present({ ...shapes(), ...tensors })).map(([name, shape]) => ({
      name,
      type: 'F32',
      shape,
    })),
  });
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the tiny model is cut');
  return parsed.file;
}

const METADATA: Readonly<Record<string, MetaValue>> = {
  'general.architecture': 'bert',
  'bert.block_count': LAYERS,
  'bert.context_length': CONTEXT,
  'bert.embedding_length': HIDDEN,
  'bert.feed_forward_length': SIZE,
  'bert.attention.head_count': 4,
  'bert.attention.layer_norm_epsilon': 1e-12,
  'bert.attention.causal': false,
  'bert.pooling_type': 1,
};

function shapes(): Record<string, readonly number[]> {
  const norm = (name: string): Record<string, number[]> => ({
    [`${name}.weight`]: [HIDDEN],
    [`${name}.bias`]: [HIDDEN],
  });
  const affine = (name: string, columns: number, rows: number): Record<string, number[]> => ({
    [`${name}.weight`]: [columns, rows],
    [`${name}.bias`]: [rows],
  });
  const layers = Array.from({ length: LAYERS }, (_, i) => ({
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].reduce(
      (all, name) => ({ ...all, ...affine(`blk.${i}.${name}`, HIDDEN, HIDDEN) }),
      {},
    ),
    ...affine(`blk.${i}.ffn_up`, HIDDEN, SIZE),
    ...affine(`blk.${i}.ffn_down`, SIZE, HIDDEN),
    ...norm(`blk.${i}.attn_output_norm`),
    ...norm(`blk.${i}.layer_output_norm`),
  }));
  return Object.assign(
    {
      'token_embd.weight': [HIDDEN, VOCABULARY],
      'position_embd.weight': [HIDDEN, CONTEXT],
      'token_types.weight': [HIDDEN, 2],
      ...norm('token_embd_norm'),
    },
    ...layers,
  ) as Record<string, readonly number[]>;
}

function present<T>(entries: Changes<T>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, T] => entry[1] !== undefined));
}
