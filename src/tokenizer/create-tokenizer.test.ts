import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smollm2Header, zooMetadata } from '../../test/support/model-metadata';
import { tokenId } from '../base/ids';
import { BYTE_CHARACTERS } from './byte-characters';
import { createTokenizer } from './create-tokenizer';
import type { Metadata } from './metadata';

/** A byte-level vocabulary: the 256 bytes, then `more`. */
function metadataOf(more: readonly string[], changes: Readonly<Record<string, unknown>> = {}): Metadata {
  const metadata = new Map<string, unknown>([
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', 'gpt-2'],
    ['tokenizer.ggml.tokens', [...BYTE_CHARACTERS, ...more]],
    ['tokenizer.ggml.merges', []],
  ]);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) metadata.delete(`tokenizer.ggml.${key}`);
    else metadata.set(`tokenizer.ggml.${key}`, value);
  }
  return metadata;
}

/** Text, with what tokenizers trip over among the characters. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        '\r\n',
        '\t',
        "'s",
        "'LL",
        '123',
        '½',
        '\u0085',
        '\ufeff',
        '\u3000',
        '中文',
        '👨‍👩‍👧',
        '<|im_end|>',
        'ſ',
      ),
    ),
  )
  .map((parts) => parts.join(''));

describe('encode and decode', () => {
  it('bring text back: SmolLM2, but for the bytes that its vocabulary lacks', () => {
    const tokenizer = createTokenizer(smollm2Header().metadata);
    fc.assert(
      fc.property(anyText, (text) => {
        const known = text.replace(/[\u0004\u0006\u0013\u0014\u0016\u001d\u{40000}-\u{bffff}]/gu, '');
        expect(tokenizer.decode(tokenizer.encode(known, { addSpecial: false, parseSpecial: false }))).toBe(known);
      }),
      { seed: 3, numRuns: 400 },
    );
  });

  it.each([
    ['llama-bpe', zooMetadata('llama')],
    ['default', metadataOf([], { pre: undefined })],
    ['qwen2', metadataOf([], { pre: 'qwen2' })],
    ['gpt-2', metadataOf(['Ġa', 'bc'], { merges: ['Ġ a', 'b c'] })],
  ])('bring any text back: %s', (_, metadata) => {
    const tokenizer = createTokenizer(metadata);
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, parseSpecial) => {
        expect(tokenizer.decode(tokenizer.encode(text, { addSpecial: false, parseSpecial }))).toBe(text);
      }),
      { seed: 3, numRuns: 400 },
    );
  });

  it('are not disturbed by what was encoded before', () => {
    const used = createTokenizer(zooMetadata('smollm2'));
    for (let n = 0; n < 20_000; n += 1) used.encode(`word${n} other${n}`);
    const text = 'word17 and the other19999, once more';
    expect(used.encode(text)).toEqual(createTokenizer(zooMetadata('smollm2')).encode(text));
  });

  it('add BOS and EOS where the file asks for them, unless told otherwise', () => {
    const tokenizer = createTokenizer(
      metadataOf(['<b>', '<e>'], { bos_token_id: 256, eos_token_id: 257, add_bos_token: true, add_eos_token: true }),
    );
    expect(tokenizer.encode('a')).toEqual([256, 97, 257]);
    expect(tokenizer.encode('a', { addSpecial: false })).toEqual([97]);
    expect([tokenizer.addsBos, tokenizer.addsEos]).toEqual([true, true]);
  });

  it('take unpaired surrogates as U+FFFD', () => {
    const tokenizer = createTokenizer(metadataOf([]));
    expect(tokenizer.decode(tokenizer.encode('a\ud800b'))).toBe('a\ufffdb');
  });
});

describe('merges', () => {
  const encode = (text: string, tokens: readonly string[], merges: readonly string[], pre = 'gpt-2'): string[] => {
    const metadata = metadataOf(tokens, { merges, pre, add_bos_token: false });
    const texts = metadata.get('tokenizer.ggml.tokens') as string[];
    return createTokenizer(metadata)
      .encode(text)
      .map((id) => texts[id] ?? '');
  };

  it('go by rank, then from left to right', () => {
    expect(encode('abc', ['ab', 'bc'], ['b c', 'a b'])).toEqual(['a', 'bc']);
    expect(encode('abc', ['ab', 'bc'], ['a b', 'b c'])).toEqual(['ab', 'c']);
    expect(encode('aaa', ['aa'], ['a a'])).toEqual(['aa', 'a']);
    expect(encode('aaaaa', ['aa', 'aaaa'], ['a a', 'aa aa'])).toEqual(['aaaa', 'a']);
  });

  it('may lead through texts that are no tokens, and fall back to bytes where they end in one', () => {
    expect(encode('abc', ['abc'], ['a b', 'ab c'])).toEqual(['abc']);
    expect(encode('abd', ['abc'], ['a b', 'ab c'])).toEqual(['a', 'b', 'd']);
    expect(encode(' b', [], ['Ġ b'])).toEqual(['Ġ', 'b']);
  });

  it('keep the better rank of a pair listed twice, and pass over malformed lines', () => {
    expect(encode('abc', ['ab', 'bc'], ['a b', 'b c', 'a b', 'nonsense', ''])).toEqual(['ab', 'c']);
  });

  it('are skipped for whole words by pre-tokenizers that say so', () => {
    expect(encode('abc', ['ab', 'abc'], ['a b'], 'llama-bpe')).toEqual(['abc']);
    expect(encode('abc', ['ab', 'abc'], ['a b'], 'gpt-2')).toEqual(['ab', 'c']);
    const long = 'a'.repeat(100);
    expect(encode(long, [long], [], 'llama-bpe')).toEqual([long]);
  });
});

describe('tokens', () => {
  const kinds = (more: readonly number[]): Int32Array => Int32Array.from([...BYTE_CHARACTERS.map(() => 1), ...more]);

  it('give their bytes by kind', () => {
    const tokenizer = createTokenizer(
      metadataOf(['Ġé', '<unk>', '<ctl>', '<user>', '<unused>', '<0x0A>', '中'], {
        token_type: kinds([1, 2, 3, 4, 5, 6, 1]),
      }),
    );
    const text = (id: number, special: boolean): string =>
      new TextDecoder('latin1').decode(tokenizer.bytes(tokenId(id), special));
    expect([256, 257, 258, 259, 260, 261].map((id) => text(id, false))).toEqual([' é', '', '', '<user>', '', '\n']);
    expect([257, 258, 259].map((id) => text(id, true))).toEqual(['<unk>', '<ctl>', '<user>']);
    expect(tokenizer.decode([262, 257, 258])).toBe('中<unk><ctl>');
  });

  it('that a vocabulary does not have are refused', () => {
    const tokenizer = createTokenizer(metadataOf([]));
    for (const id of [256, -1, 1.5, NaN]) {
      expect(() => tokenizer.decode([id])).toThrow(expect.objectContaining({ code: 'invalid-request', param: 'ids' }));
    }
  });

  it('that end an answer are found by id and by text', () => {
    const more = ['<|im_end|>', '<x>', '<y>', '</s>', 'plain'];
    const tokenizer = createTokenizer(
      metadataOf(more, { eos_token_id: 257, eot_token_id: 258, token_type: kinds([3, 3, 3, 1, 1]) }),
    );
    expect(tokenizer.endIds).toEqual(new Set([256, 257, 258, 259]));
    // found by its text, so it counts as control and gives no bytes
    expect(tokenizer.bytes(tokenId(259))).toHaveLength(0);
  });

  it('do not end an answer where they separate its parts', () => {
    expect(createTokenizer(metadataOf(['<|end|>'])).endIds).toContain(256);
    expect(createTokenizer(metadataOf(['<|end|>', '<|return|>', '<|call|>'])).endIds).not.toContain(256);
  });

  it('of gpt-oss’s channels are shown, and found in any text', () => {
    const more = ['<|end|>', '<|return|>', '<|call|>', '<|channel|>'];
    const tokenizer = createTokenizer(metadataOf(more, { token_type: kinds([3, 3, 3, 3]) }));
    expect(tokenizer.encode('<|end|><|return|><|channel|>', { parseSpecial: false })).toHaveLength(2 + 10);
    expect([256, 257, 259].map((id) => tokenizer.bytes(tokenId(id)).length)).toEqual([7, 0, 11]);
  });

  it('of fill-in-the-middle count as control, and `</s>` is plain text beside Gemma 4’s tool marks', () => {
    const tokenizer = createTokenizer(metadataOf(['<|fim_prefix|>', '</s>', '<|tool_response>']));
    expect(tokenizer.bytes(tokenId(256))).toHaveLength(0);
    expect(tokenizer.bytes(tokenId(257))).toHaveLength(4);
    expect([...tokenizer.endIds]).toEqual([258]);
  });

  it('that are bytes may be missing', () => {
    expect(createTokenizer(metadataOf([], { tokens: ['a', 'b'] })).encode('axb')).toEqual([0, 1]);
  });
});

describe('metadata', () => {
  const refusal = (changes: Readonly<Record<string, unknown>>): string => {
    try {
      createTokenizer(metadataOf(['<x>'], changes));
    } catch (error) {
      return error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error);
    }
    return 'accepted';
  };

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['model', { model: undefined }],
    ['model', { model: 7 }],
    ['tokens', { tokens: undefined }],
    ['tokens', { tokens: [] }],
    ['tokens', { tokens: Uint8Array.of(1, 2) }],
    ['tokens', { tokens: ['a', 'a'] }],
    ['tokens', { tokens: ['x'.repeat(2000)], token_type: Int32Array.of(3) }],
    ['merges', { merges: undefined }],
    ['merges', { merges: [1, 2] }],
    ['pre', { pre: true }],
    ['token_type', { token_type: Int32Array.of(1, 1) }],
    ['token_type', { token_type: 'normal' }],
    ['eos_token_id', { eos_token_id: 1.5 }],
    ['eot_token_id', { eot_token_id: 2n ** 63n }],
    ['eom_token_id', { eom_token_id: 'x' }],
    ['add_bos_token', { add_bos_token: 1 }],
    ['bos_token_id', { add_bos_token: true }],
    ['bos_token_id', { pre: 'llama-bpe' }],
    ['eos_token_id', { add_eos_token: true }],
  ])('with a wrong %s is refused by that name: %o', (key, changes) => {
    expect(refusal(changes)).toMatch(new RegExp(`^bad-gguf: .*tokenizer\\.ggml\\.${key} `));
  });

  it.each(['seperator_token_id', 'unknown_token_id', 'eot_token_id', 'eos_token_id'])(
    'with a %s that is none of its tokens has none, as converters write it',
    (key) => {
      for (const none of [0xffffffff, 257, -1]) expect(refusal({ [key]: none })).toBe('accepted');
    },
  );

  it('of what does not exist here yet is refused by name', () => {
    for (const model of ['t5', 'rwkv', 'plamo2', 'toString']) {
      expect(refusal({ model })).toContain(`unsupported-architecture: The tokenizer "${model}" is not supported yet`);
    }
    for (const pre of ['hybriddna', 'whitespace', 'toString']) {
      expect(refusal({ pre })).toContain(`unsupported-architecture: The pre-tokenizer "${pre}" is not supported yet`);
    }
  });

  it('without a pre-tokenizer gets the default and a note', () => {
    expect(createTokenizer(metadataOf([], { pre: undefined })).notes).toEqual([expect.stringContaining('default')]);
  });

  it('with empty tokens is usable', () => {
    expect(createTokenizer(metadataOf(['', ''])).encode('[EMPTY_256]')).toHaveLength(11);
  });
});
