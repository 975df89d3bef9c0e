import { describe, expect, it } from 'vitest';
import { ByteWriter, meta, writeGguf, type GgufSpec, type TensorSpec } from '../../test/gguf-writer';
import { ForgelightError } from '../base/errors';
import { ByteReader, PrefixTooShort } from './byte-reader';
import { MAX_HEADER_BYTES } from './limits';
import { parseGguf } from './parse';

const HUGE = [2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const notUtf8 = Uint8Array.of(0x61, 0xc3, 0x28);

/** The message with which the file is refused. */
function refusal(spec: GgufSpec | Uint8Array): string {
  const bytes = spec instanceof Uint8Array ? spec : writeGguf(spec);
  try {
    const result = parseGguf(bytes, bytes.length);
    return `accepted: ${result.kind}`;
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    expect(error.code).toBe('bad-gguf');
    expect(error.message).toMatch(/byte \d+/);
    return error.message;
  }
}

const tensor = (change: Partial<TensorSpec>): GgufSpec => {
  return { tensors: [{ name: 'w', type: 'F32', shape: [8], ...change }] };
};

describe('what is not a GGUF', () => {
  it('is named by what it is', () => {
    const advice = /Choose a file in the GGUF format/;
    expect(refusal(new TextEncoder().encode('<!DOCTYPE html><html>'))).toMatch(/web page.*\/resolve\//);
    expect(refusal(new TextEncoder().encode('version https://git-lfs.github.com/spec/v1'))).toMatch(/Git LFS pointer/);
    expect(refusal({ magic: 'PK\u0003\u0004' })).toMatch(/ZIP/);
    expect(refusal({ magic: 'tjgg' })).toMatch(/older than GGUF/);
    expect(refusal({ magic: 'GGUX' })).toMatch(/begins with "GGUX".*byte 0/);
    expect(refusal({ magic: 'GGUX' })).toMatch(advice);
  });

  it('has a version that is named', () => {
    expect(refusal({ version: 1 })).toMatch(/version 1.*Convert the model again/);
    expect(refusal({ version: 4 })).toMatch(/version 4; versions 2 and 3/);
    expect(refusal({ version: 0 })).toMatch(/version 0/);
    expect(refusal({ version: 0x03000000 })).toMatch(/big endian/);
  });
});

describe('counts and lengths', () => {
  it.each(HUGE)('refuses %d of anything', (count) => {
    expect(refusal({ tensorCount: count })).toMatch(/number of tensors is \d+, and at most/);
    expect(refusal({ metadataCount: count })).toMatch(/number of metadata entries is \d+, and at most/);
    expect(refusal({ metadata: { k: meta.strings(['a'], count) } })).toMatch(
      /length of an array is \d+.*metadata key "k"/,
    );
    expect(refusal({ metadata: { k: meta.numbers('u8', [1], count) } })).toMatch(/length of an array is/);
    expect(refusal({ metadata: { k: meta.string('a', count) } })).toMatch(
      /length of a string is \d+.*metadata key "k"/,
    );
    expect(refusal({ metadata: { k: meta.nested([], count) } })).toMatch(/length of an array is/);
    const key = new ByteWriter();
    key.raw(writeGguf({ metadataCount: 1 }));
    key.string('key', count);
    key.raw(new Uint8Array(32));
    expect(refusal(key.bytes())).toMatch(/length of a key is \d+.*metadata entry 0/);
    const name = new ByteWriter();
    name.raw(writeGguf({ tensorCount: 1 }));
    name.string('name', count);
    name.raw(new Uint8Array(32));
    expect(refusal(name.bytes())).toMatch(/length of a tensor name is \d+.*tensor 0/);
  });

  it('refuses plausible counts that the file is too small for', () => {
    expect(refusal({ tensorCount: 1000 })).toMatch(/directory of 1000 tensors takes 32000 bytes and only 0 are left/);
    expect(refusal({ metadataCount: 1000 })).toMatch(/metadata of 1000 entries takes 13000 bytes and only 0 are left/);
    expect(refusal({ metadata: { k: meta.strings(['a'], 1_000_000) } })).toMatch(
      /1000000 elements takes 8000000 bytes/,
    );
    expect(refusal({ metadata: { k: meta.numbers('f64', [1], 2) } })).toMatch(/takes 16 bytes and only 8 are left/);
    expect(refusal({ metadata: { k: meta.string('abc', 4) } })).toMatch(/takes 4 bytes and only 3 are left/);
  });

  it('asks for bytes instead of believing such counts while the size is unknown', () => {
    const bytes = writeGguf({ metadata: { k: meta.numbers('f64', [], 8_000_000) } });
    expect(parseGguf(bytes)).toEqual({ kind: 'need', atLeastBytes: bytes.length + 64_000_000 });
  });

  it('bounds the whole header', () => {
    const reader = new ByteReader(new Uint8Array(8), undefined);
    reader.position = MAX_HEADER_BYTES - 8;
    expect(() => reader.require(8, 'a thing')).toThrow(PrefixTooShort);
    expect(() => reader.require(9, 'a thing')).toThrow(
      /a thing takes 9 bytes, and a header may hold 268\.4 MB \(byte \d+/,
    );
  });

  it('bounds all arrays together', () => {
    const half = meta.array('u8', 5_000_000, undefined, (writer) => writer.raw(new Uint8Array(5_000_000)));
    expect(refusal({ metadata: { a: half, b: half } })).toMatch(/together hold more than 8388608.*metadata key "b"/);
    const crowd = meta.nested(Array.from({ length: 40_000 }, () => meta.numbers('u8', [])));
    expect(refusal({ metadata: { a: crowd } })).toBe('accepted: complete');
    expect(refusal({ metadata: { a: crowd, b: crowd } })).toMatch(/more than 65536 arrays stand inside arrays/);
  });
});

describe('values', () => {
  it('refuses unknown types, by id and place', () => {
    expect(refusal({ metadata: { k: { type: 13, write: () => undefined } } })).toMatch(/value type 13 is unknown.*"k"/);
    expect(refusal({ metadata: { k: { type: 2 ** 32 - 1, write: () => undefined } } })).toMatch(
      /4294967295 is unknown/,
    );
    expect(refusal({ metadata: { k: meta.numbers(99, [1]) } })).toMatch(/element type of an array 99 is unknown/);
  });

  it('refuses a boolean that is neither 0 nor 1', () => {
    expect(refusal({ metadata: { k: meta.number('bool', 2) } })).toMatch(/boolean is 2/);
    expect(refusal({ metadata: { k: meta.numbers('bool', [1, 7]) } })).toMatch(/boolean is 7/);
  });

  it('bounds the depth of arrays', () => {
    const deep = (depth: number): ReturnType<typeof meta.nested> => {
      return depth === 1 ? meta.numbers('u8', [1]) : meta.nested([deep(depth - 1)]);
    };
    expect(refusal({ metadata: { k: deep(4) } })).toBe('accepted: complete');
    expect(refusal({ metadata: { k: deep(5) } })).toMatch(/nested deeper than 4/);
    expect(refusal({ metadata: { k: deep(1000) } })).toMatch(/nested deeper than 4/);
  });

  it('refuses keys that are empty, doubled or not UTF-8', () => {
    expect(refusal({ metadata: { '': 1 } })).toMatch(/key is empty/);
    expect(
      refusal({
        metadata: [
          ['same', 1],
          ['same', 'x'],
        ],
      }),
    ).toMatch(/appears twice.*metadata key "same"/);
    expect(refusal({ metadata: [[notUtf8, 1]] })).toMatch(/not UTF-8.*metadata entry 0/);
  });

  it.each([0, 1, 4, 12, 33, -32, 2 ** 31, 32.5])('refuses the alignment %d', (alignment) => {
    expect(refusal({ metadata: { 'general.alignment': alignment } })).toMatch(/alignment is .* power of two/);
  });

  it('refuses an alignment that is no number', () => {
    expect(refusal({ metadata: { 'general.alignment': '32' } })).toMatch(/alignment is a string/);
    expect(refusal({ metadata: { 'general.alignment': meta.number('u64', 2n ** 60n) } })).toMatch(/115292/);
  });
});

describe('tensors', () => {
  it('refuses types that are unknown or withdrawn', () => {
    for (const type of [4, 5, 31, 36, 43, 1000, 2 ** 32 - 1]) {
      expect(refusal(tensor({ type }))).toMatch(new RegExp(`tensor type ${type} is unknown.*tensor "w".*Convert`));
    }
  });

  it('refuses shapes that cannot be', () => {
    expect(refusal(tensor({ shape: [] }))).toMatch(/0 dimensions/);
    expect(refusal(tensor({ shape: [1, 1, 1, 1, 1] }))).toMatch(/5 dimensions/);
    expect(refusal(tensor({ dimensions: 2 ** 32 - 1 }))).toMatch(/4294967295 dimensions/);
    expect(refusal(tensor({ shape: [8, 0] }))).toMatch(/dimension 1 is 0/);
    expect(refusal(tensor({ type: 'Q4_1', shape: [33] }))).toMatch(/row of 33 elements is not whole Q4_1 blocks of 32/);
    expect(refusal(tensor({ type: 'Q4_1', shape: [16, 2] }))).toMatch(/row of 16 elements is not whole/);
  });

  it('refuses sizes that overflow', () => {
    expect(refusal(tensor({ shape: [2n ** 63n] }))).toMatch(/dimension 0 is 9223372036854775808, beyond 2\^53/);
    expect(refusal(tensor({ shape: [2 ** 32, 2 ** 32] }))).toMatch(/more than 2\^53/);
    expect(refusal(tensor({ shape: [2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16] }))).toMatch(/more than 2\^53/);
    expect(refusal(tensor({ shape: [2 ** 52] }))).toMatch(/more than 2\^53/);
    expect(refusal(tensor({ type: 'Q1_0', shape: [2 ** 30, 2 ** 24] }))).toMatch(/more than 2\^53/);
  });

  it('refuses offsets that are off', () => {
    expect(refusal(tensor({ offset: 4 }))).toMatch(/offset 4 is not a multiple of the alignment 32/);
    expect(refusal(tensor({ offset: 32 }))).toMatch(/ends at byte \d+, but the file is cut short or damaged: it has/);
    expect(refusal(tensor({ offset: 2 ** 40 }))).toMatch(/cut short/);
    expect(refusal(tensor({ offset: 2 ** 53 - 32 }))).toMatch(/beyond 2\^53/);
    expect(refusal(tensor({ offset: 2n ** 64n - 32n }))).toMatch(/offset 18446744073709551584 is beyond 2\^53/);
    const pair = (offset: number): GgufSpec => {
      return {
        tensors: [
          { name: 'a', type: 'F32', shape: [32] },
          { name: 'b', type: 'F32', shape: [8], offset },
        ],
      };
    };
    expect(refusal(pair(128))).toBe('accepted: complete');
    expect(refusal(pair(96))).toMatch(/overlaps that of tensor "a".*tensor "b"/);
    expect(refusal(pair(0))).toMatch(/overlaps/);
  });

  it('refuses names that are empty, doubled, too long or not UTF-8', () => {
    expect(refusal(tensor({ name: '' }))).toMatch(/no name/);
    expect(refusal(tensor({ name: notUtf8 }))).toMatch(/not UTF-8.*tensor 0/);
    expect(refusal(tensor({ name: 'x'.repeat(1025) }))).toMatch(/length of a tensor name is 1025/);
    const twice = { name: 'w', type: 'F32', shape: [8] } as const;
    expect(refusal({ tensors: [twice, twice] })).toMatch(/appears twice.*tensor "w"/);
  });

  it('escapes and shortens names in messages', () => {
    expect(refusal(tensor({ name: `\u001b[31m${'y'.repeat(500)}`, shape: [] }))).toMatch(/tensor "\\u001b\[31my{75}…"/);
  });
});
