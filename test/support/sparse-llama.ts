import { Random } from '../kernels/random';
import { SparseGguf, type SparseTensor } from './sparse-gguf';

/** One layer behind an embedding and a head that take as much room as one likes. */
export const SPARSE = { hidden: 4096, heads: 2, kvHeads: 1, headSize: 64, size: 64, context: 64 } as const;
const ROW_BYTES = SPARSE.hidden * 4;

/**
 * A llama of `vocabulary` tokens, of which only `tokens` have rows that are not zero: the same rows, in this order, whatever
 * the vocabulary. The head lies first in the file, then the embedding, then the layer.
 */
export function sparseLlama(vocabulary: number, tokens: readonly number[]): SparseGguf {
  const { hidden, heads, kvHeads, headSize, size, context } = SPARSE;
  const table = (name: string, seed: number): SparseTensor => {
    const random = new Random(seed);
    const pieces = tokens.map((token) => ({ offsetBytes: token * ROW_BYTES, bytes: bytesOf(random.floats(hidden)) }));
    return { name, type: 'F32', shape: [hidden, vocabulary], pieces };
  };
  const dense = (name: string, columns: number, rows: number, seed: number): SparseTensor => {
    const values = new Random(seed).floats(columns * rows, -0.1, 0.1);
    return { name, type: 'F32', shape: [columns, rows], pieces: [{ offsetBytes: 0, bytes: bytesOf(values) }] };
  };
  const norm = (name: string, seed: number): SparseTensor => {
    const bytes = bytesOf(new Random(seed).floats(hidden, 0.5, 2));
    return { name, type: 'F32', shape: [hidden], pieces: [{ offsetBytes: 0, bytes }] };
  };
  return new SparseGguf(
    {
      'general.architecture': 'llama',
      'general.name': 'Sparse',
      'llama.block_count': 1,
      'llama.context_length': context,
      'llama.embedding_length': hidden,
      'llama.feed_forward_length': size,
      'llama.attention.head_count': heads,
      'llama.attention.head_count_kv': kvHeads,
      'llama.attention.key_length': headSize,
      'llama.attention.value_length': headSize,
      'llama.attention.layer_norm_rms_epsilon': 1e-5,
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'smollm',
      'tokenizer.ggml.tokens': tokens.map((_, i) => String.fromCharCode(65 + i)),
      'tokenizer.ggml.token_type': new Int32Array(tokens.length).fill(1),
      'tokenizer.ggml.merges': ['A B'],
    },
    [
      table('output.weight', 1),
      table('token_embd.weight', 2),
      norm('output_norm.weight', 3),
      norm('blk.0.attn_norm.weight', 4),
      dense('blk.0.attn_q.weight', hidden, heads * headSize, 5),
      dense('blk.0.attn_k.weight', hidden, kvHeads * headSize, 6),
      dense('blk.0.attn_v.weight', hidden, kvHeads * headSize, 7),
      dense('blk.0.attn_output.weight', heads * headSize, hidden, 8),
      norm('blk.0.ffn_norm.weight', 9),
      dense('blk.0.ffn_gate.weight', hidden, size, 10),
      dense('blk.0.ffn_up.weight', hidden, size, 11),
      dense('blk.0.ffn_down.weight', size, hidden, 12),
    ],
  );
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
