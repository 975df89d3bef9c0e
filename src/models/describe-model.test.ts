import { describe, expect, it } from 'vitest';
import { tinyFile, tinyGguf, type TinyOptions } from '../../test/support/tiny-llama';
import type { ByteStream } from '../base/byte-stream';
import { describeModel, type DescribedModel } from './describe-model';

/** The bytes in pieces, and what became of the stream. */
function streamOf(bytes: Uint8Array, pieceBytes = 1000): ByteStream & { readonly cancelled: unknown[] } {
  let at = 0;
  const cancelled: unknown[] = [];
  return {
    cancelled,
    async read() {
      const piece = bytes.slice(at, at + pieceBytes);
      at += piece.byteLength;
      return piece.byteLength === 0 ? null : piece;
    },
    async cancel(reason) {
      cancelled.push(reason);
    },
  };
}

async function described(options: TinyOptions): Promise<DescribedModel> {
  const bytes = tinyGguf(options);
  return describeModel(streamOf(bytes), bytes.byteLength, 'tiny.gguf');
}

describe('describeModel', () => {
  it('tells what is known before the weights arrive, and gives them on from their first byte', async () => {
    const bytes = tinyGguf();
    const model = await describeModel(streamOf(bytes), null, 'tiny.gguf');
    expect(model).toMatchObject({ name: 'Tiny', architecture: 'llama', quantisation: 'F32' });
    expect(model.network.layers).toHaveLength(2);
    expect(model.metadata).toBe(model.file.metadata);
    const pieces: Uint8Array[] = [];
    for (let piece = await model.weights.read(); piece !== null; piece = await model.weights.read()) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(bytes.subarray(model.file.dataOffsetBytes))).toBe(true);
  });

  it('goes by the name of its file where it has none itself', async () => {
    expect((await described({ metadata: { 'general.name': undefined } })).name).toBe('tiny.gguf');
  });

  it('is called after the format of most weights of its layers', async () => {
    const matrices = tinyFile().tensors.filter(({ name, shape }) => shape.length === 2 && name.startsWith('blk.'));
    const mostly = Object.fromEntries(matrices.map(({ name }) => [name, 'Q8_0' as const]));
    const types = {
      ...mostly,
      'blk.0.attn_q.weight': 'Q4_1',
      'token_embd.weight': 'F16',
      'output.weight': 'F16',
    } as const;
    expect(await described({ types })).toMatchObject({ quantisation: 'Q8_0', mainFormat: { type: 'Q8_0' } });
  });

  it('is not called after an embedding, however large', async () => {
    const shapes = { 'token_embd.weight': [64, 3000], 'output.weight': [64, 3000] };
    const types = { 'token_embd.weight': 'F16', 'output.weight': 'F16' } as const;
    expect((await described({ shapes, types })).quantisation).toBe('F32');
  });

  it('lets a head be that a model which makes embeddings does not read, and nothing else', async () => {
    const pooled = { metadata: { 'llama.pooling_type': 3 } };
    expect((await described(pooled)).file.tensors.some(({ name }) => name === 'output.weight')).toBe(true);
    await expect(described({ ...pooled, shapes: { 'output.bias': [41] } })).rejects.toThrow('(output.bias)');
  });

  it.each([
    ['a missing tensor', { shapes: { 'blk.0.attn_q.weight': undefined } }, 'bad-gguf'],
    ['an unknown architecture', { metadata: { 'general.architecture': 'rwkv7' } }, 'unsupported-architecture'],
    ['a format without kernels', { types: { 'blk.0.ffn_up.weight': 'I32' } }, 'unsupported-quantisation'],
  ] as const)('refuses %s and ends the stream', async (_what, options, code) => {
    const bytes = tinyGguf(options);
    const stream = streamOf(bytes);
    await expect(describeModel(stream, bytes.byteLength, 'tiny.gguf')).rejects.toMatchObject({ code });
    expect(stream.cancelled).toEqual([expect.objectContaining({ code })]);
  });
});
