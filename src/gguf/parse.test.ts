import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { meta, writeGguf, type MetaValue } from '../../test/gguf-writer';
import { cpuMs } from '../../test/support/cpu-time';
import { ggmlTypeLayout } from './ggml-type';
import { parseGguf } from './parse';
import type { GgufFile } from './types';

function parseWhole(bytes: Uint8Array): GgufFile {
  const result = parseGguf(bytes, bytes.length);
  if (result.kind === 'need') throw new Error(`needs ${result.atLeastBytes} bytes`);
  return result.file;
}

function parseMetadata(metadata: Readonly<Record<string, MetaValue>>): GgufFile['metadata'] {
  return parseWhole(writeGguf({ metadata })).metadata;
}

describe('parseGguf on real files', () => {
  const zoo = new URL('../../test/fixtures/zoo/', import.meta.url);

  it.each(['llama', 'smollm2', 'quant-Q4_1', 'quant-Q8_0'])('reads %s as its description says', (name) => {
    const file = parseWhole(readFileSync(new URL(`${name}.gguf`, zoo)));
    const described = JSON.parse(readFileSync(new URL(`${name}.json`, zoo), 'utf8')) as Record<string, unknown>;
    const types: Record<string, number> = {};
    for (const { type } of file.tensors) types[type] = (types[type] ?? 0) + 1;
    expect(types).toEqual(described['tensor_types']);
    expect(file.version).toBe(3);
    expect(file.metadata.get('general.architecture')).toBe(described['arch']);
    expect(file.metadata.get(`${String(described['arch'])}.embedding_length`)).toBe(described['n_embd']);
    expect(file.metadata.get('tokenizer.ggml.bos_token_id')).toBe(described['bos']);
    const embedding = file.tensors.find((tensor) => tensor.name === 'token_embd.weight');
    expect(embedding?.shape).toEqual([described['n_embd'], described['n_vocab']]);
  });

  it('finds tensor data where the file has it', () => {
    const bytes = readFileSync(new URL('llama.gguf', zoo));
    const file = parseWhole(bytes);
    const last = file.tensors.toSorted((a, b) => a.offsetBytes - b.offsetBytes).at(-1);
    expect((last?.offsetBytes ?? 0) + (last?.sizeBytes ?? 0)).toBe(bytes.length);
    const norm = file.tensors.find((tensor) => tensor.name === 'output_norm.weight');
    expect(norm?.type).toBe('F32');
    const start = norm?.offsetBytes ?? 0;
    const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + start + 64));
    for (const value of values) expect(Math.abs(value)).toBeLessThan(10);
    expect(values.some((value) => value !== 0)).toBe(true);
  });
});

describe('parseGguf on values', () => {
  it('reads all thirteen types', () => {
    const metadata = parseMetadata({
      u8: meta.number('u8', 255),
      i8: meta.number('i8', -128),
      u16: meta.number('u16', 65_535),
      i16: meta.number('i16', -32_768),
      u32: meta.number('u32', 4_294_967_295),
      i32: meta.number('i32', -2_147_483_648),
      f32: meta.number('f32', 0.5),
      bool: true,
      string: 'grüße 🦊',
      u64: meta.number('u64', 2 ** 53 - 1),
      i64: meta.number('i64', -(2 ** 53 - 1)),
      f64: meta.number('f64', Math.PI),
      array: ['a', '', 'ĠĠ'],
    });
    expect(Object.fromEntries(metadata)).toEqual({
      u8: 255,
      i8: -128,
      u16: 65_535,
      i16: -32_768,
      u32: 4_294_967_295,
      i32: -2_147_483_648,
      f32: 0.5,
      bool: true,
      string: 'grüße 🦊',
      u64: 2 ** 53 - 1,
      i64: -(2 ** 53 - 1),
      f64: Math.PI,
      array: ['a', '', 'ĠĠ'],
    });
  });

  it('gives 64-bit integers beyond 2^53 as bigint', () => {
    const metadata = parseMetadata({
      u64: meta.number('u64', 2n ** 64n - 1n),
      edge: meta.number('u64', 2n ** 53n),
      i64: meta.number('i64', -(2n ** 63n)),
      minusOne: meta.number('i64', -1),
      array: meta.numbers('i64', [-1n, 2n ** 60n]),
    });
    expect(metadata.get('u64')).toBe(2n ** 64n - 1n);
    expect(metadata.get('edge')).toBe(2n ** 53n);
    expect(metadata.get('i64')).toBe(-(2n ** 63n));
    expect(metadata.get('minusOne')).toBe(-1);
    expect(metadata.get('array')).toEqual([-1, 2n ** 60n]);
  });

  it('gives typed arrays for numbers, whatever their place in the file', () => {
    for (const key of ['k', 'ke', 'key']) {
      expect(parseMetadata({ [key]: meta.numbers('u8', [1, 255]) }).get(key)).toEqual(Uint8Array.of(1, 255));
      expect(parseMetadata({ [key]: meta.numbers('i8', [1, -1]) }).get(key)).toEqual(Int8Array.of(1, -1));
      expect(parseMetadata({ [key]: meta.numbers('u16', [1, 65_535]) }).get(key)).toEqual(Uint16Array.of(1, 65_535));
      expect(parseMetadata({ [key]: meta.numbers('i16', [1, -1]) }).get(key)).toEqual(Int16Array.of(1, -1));
      expect(parseMetadata({ [key]: Uint32Array.of(1, 2 ** 32 - 1) }).get(key)).toEqual(Uint32Array.of(1, 2 ** 32 - 1));
      expect(parseMetadata({ [key]: Int32Array.of(1, -1) }).get(key)).toEqual(Int32Array.of(1, -1));
      expect(parseMetadata({ [key]: Float32Array.of(1, -0.5) }).get(key)).toEqual(Float32Array.of(1, -0.5));
      expect(parseMetadata({ [key]: meta.numbers('f64', [Math.E]) }).get(key)).toEqual(Float64Array.of(Math.E));
    }
    expect(parseMetadata({ b: meta.numbers('bool', [1, 0]) }).get('b')).toEqual([true, false]);
  });

  it('reads arrays in arrays', () => {
    const nested = meta.nested([meta.strings(['x']), meta.nested([meta.numbers('u32', [7])])]);
    expect(parseMetadata({ nested }).get('nested')).toEqual([['x'], [Uint32Array.of(7)]]);
  });

  it('keeps a byte order mark and replaces invalid UTF-8 in values', () => {
    const metadata = parseMetadata({ mark: '\uFEFF', list: ['\uFEFFx'], wild: meta.string(Uint8Array.of(65, 0xff)) });
    expect(metadata.get('mark')).toBe('\uFEFF');
    expect(metadata.get('list')).toEqual(['\uFEFFx']);
    expect(metadata.get('wild')).toBe('A\uFFFD');
  });

  it('reads versions 2 and 3, and the alignment', () => {
    expect(parseWhole(writeGguf({ version: 2 })).version).toBe(2);
    const tensors = [
      { name: 'a', type: 'F32', shape: [3] },
      { name: 'b', type: 'Q8_0', shape: [64, 2] },
    ] as const;
    for (const alignment of [8, 32, 256]) {
      const file = parseWhole(writeGguf({ metadata: { 'general.alignment': alignment }, tensors, alignment }));
      expect(file.alignment).toBe(alignment);
      expect(file.dataOffsetBytes % alignment).toBe(0);
      expect(file.tensors[1]).toEqual({
        name: 'b',
        type: 'Q8_0',
        shape: [64, 2],
        sizeBytes: 4 * ggmlTypeLayout('Q8_0').blockBytes,
        offsetBytes: file.dataOffsetBytes + Math.max(alignment, 16),
      });
    }
    expect(parseWhole(writeGguf({ tensors })).alignment).toBe(32);
  });

  it('reads offsets beyond 2^32', () => {
    const bytes = writeGguf({ tensors: [{ name: 'far', type: 'F32', shape: [2 ** 31, 4], offset: 2 ** 40 }] });
    const result = parseGguf(bytes);
    if (result.kind === 'need') throw new Error('the header is complete');
    expect(result.file.tensors[0]?.sizeBytes).toBe(2 ** 35);
    expect(result.file.tensors[0]?.offsetBytes).toBe(2 ** 40 + result.file.dataOffsetBytes);
  });

  it('reads the arrays of a vocabulary of 262,144 in well under a second', () => {
    const tokens = Array.from({ length: 262_144 }, (_, index) => (index % 3 === 0 ? `▁wort${index}` : `tok${index}`));
    const bytes = writeGguf({
      metadata: {
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.merges': tokens,
        'tokenizer.ggml.scores': new Float32Array(tokens.length),
      },
    });
    const best = Math.min(
      ...[1, 2, 3].map(() => {
        const start = cpuMs();
        expect(parseWhole(bytes).metadata.size).toBe(3);
        return cpuMs() - start;
      }),
    );
    expect(best).toBeLessThan(1000);
    expect(parseWhole(bytes).metadata.get('tokenizer.ggml.merges')).toEqual(tokens);
  });
});

describe('parseGguf on a prefix', () => {
  const bytes = writeGguf({
    metadata: {
      'general.architecture': 'llama',
      tokens: ['a', 'bc'],
      eps: 0.5,
      nested: meta.nested([meta.strings(['x'])]),
    },
    tensors: [
      { name: 'a.weight', type: 'F16', shape: [4, 2] },
      { name: 'b.weight', type: 'Q4_1', shape: [32] },
    ],
  });
  const complete = parseWhole(bytes);
  const headerEnd = bytes.length - 20 - 32;

  it('asks for more at each cut of the header, never for more than the file has, and comes to the same end', () => {
    expect(complete.dataOffsetBytes).toBe(headerEnd);
    let needs = 0;
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      for (const fileSize of [undefined, bytes.length]) {
        const result = parseGguf(bytes.subarray(0, cut), fileSize);
        if (result.kind === 'need') {
          needs += 1;
          expect(result.atLeastBytes).toBeGreaterThan(cut);
          expect(result.atLeastBytes).toBeLessThanOrEqual(bytes.length);
        } else {
          expect(result.file).toEqual(complete);
          expect(cut).toBeGreaterThan(headerEnd - 32);
        }
      }
    }
    expect(needs).toBeGreaterThan(2 * (headerEnd - 32));
  });

  it('refuses a file that ends at any byte, by name', () => {
    for (let cut = 0; cut < bytes.length; cut += 1) {
      expect(() => parseGguf(bytes.subarray(0, cut), cut)).toThrow(/cut short/);
    }
  });
});
