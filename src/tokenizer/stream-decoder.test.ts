import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zooMetadata } from '../../test/support/model-metadata';
import { tokenId } from '../base/ids';
import { createTokenizer } from './create-tokenizer';
import { createStreamDecoder } from './stream-decoder';

/** Every byte is a token. */
const bytewise = { bytes: (id: number) => Uint8Array.of(id) };

function pushAll(bytes: readonly number[]): string[] {
  const decoder = createStreamDecoder(bytewise);
  return [...bytes.map((byte) => decoder.push(tokenId(byte))), decoder.flush()];
}

const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

describe('a stream of tokens', () => {
  it('gives a character once it is whole', () => {
    expect(pushAll([...new TextEncoder().encode('aé中👍')])).toEqual([
      'a',
      '',
      'é',
      '',
      '',
      '中',
      '',
      '',
      '',
      '👍',
      '',
    ]);
  });

  it('gives U+FFFD as soon as bytes are certainly wrong', () => {
    expect(pushAll([0xff, 0x61])).toEqual(['\ufffd', 'a', '']);
    expect(pushAll([0xe4, 0xb8, 0x61])).toEqual(['', '', '\ufffda', '']);
    expect(pushAll([0xed, 0xa0, 0x80])).toEqual(['', '\ufffd\ufffd', '\ufffd', '']); // an encoded surrogate
    expect(pushAll([0xf0, 0x9f, 0xc3, 0xa9])).toEqual(['', '', '\ufffd', 'é', '']);
  });

  it('gives what is incomplete at the end as U+FFFD', () => {
    expect(pushAll([0xf0, 0x9f, 0x91])).toEqual(['', '', '', '\ufffd']);
  });

  it('keeps a byte order mark', () => {
    expect(pushAll([0xef, 0xbb, 0xbf, 0x61]).join('')).toBe('\ufeffa');
  });

  it('of any bytes is well-formed and whole', () => {
    // bytes that begin, go on and end characters, so that sequences get long
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0xc3, 0xa9, 0xe4, 0xb8, 0xad, 0xf0, 0x9f, 0x91, 0x8d, 0xed, 0xa0, 0xef, 0xbb, 0xbf),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), (bytes) => {
        const pieces = pushAll(bytes);
        expect(pieces.every(isWellFormed)).toBe(true);
        expect(pieces.join('')).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes)));
      }),
      { seed: 5, numRuns: 3000 },
    );
  });

  it('of any tokens is their text without the special ones', () => {
    const tokenizer = createTokenizer(zooMetadata('llama'));
    const isSpecial = (id: number): boolean => tokenizer.bytes(tokenId(id)).length === 0;
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.vocabularySize - 1)), (ids) => {
        const decoder = createStreamDecoder(tokenizer);
        const pieces = [...ids.map((id) => decoder.push(tokenId(id))), decoder.flush()];
        expect(pieces.every(isWellFormed)).toBe(true);
        expect(pieces.join('')).toBe(tokenizer.decode(ids.filter((id) => !isSpecial(id))));
      }),
      { seed: 5, numRuns: 1000 },
    );
    expect(isSpecial(506)).toBe(true);
  });
});
