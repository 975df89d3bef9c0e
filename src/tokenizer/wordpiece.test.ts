import { describe, expect, it } from 'vitest';
import { createTokenizer, type LoadedTokenizer } from './create-tokenizer';
import { normalisedWords } from './wordpiece-words';

const SPECIALS = ['[UNK]', '[CLS]', '[SEP]'];
const IDS = { unknown_token_id: 0, bos_token_id: 1, seperator_token_id: 2 };

/** `[UNK]`, `[CLS]`, `[SEP]`, then the given tokens from id 3 on. */
function tokenizerOf(tokens: readonly string[], changes: Readonly<Record<string, unknown>> = {}): LoadedTokenizer {
  const texts = [...SPECIALS, ...tokens];
  const metadata = new Map<string, unknown>([
    ['tokenizer.ggml.model', 'bert'],
    ['tokenizer.ggml.tokens', texts],
    ['tokenizer.ggml.token_type', texts.map((_, id) => (id < SPECIALS.length ? 3 : 1))],
  ]);
  for (const [key, value] of Object.entries({ ...IDS, ...changes })) metadata.set(`tokenizer.ggml.${key}`, value);
  return createTokenizer(metadata);
}

const plain = { addSpecial: false };

describe('WordPiece', () => {
  it('takes the longest token, then the longest that goes on', () => {
    const tokenizer = tokenizerOf(['▁un', '▁unaff', 'aff', 'able', 'a', '▁']);
    expect(tokenizer.encode('unaffable', plain)).toEqual([4, 6]);
    expect(tokenizer.encode('una', plain)).toEqual([3, 7]);
    expect(tokenizer.encode('able un', plain)).toEqual([8, 6, 3]);
  });

  it('makes one unknown token of a word that it cannot spell to its end', () => {
    expect(tokenizerOf(['▁un', 'a']).encode('unax un x', plain)).toEqual([0, 3, 0]);
  });

  it('stands between [CLS] and [SEP], whatever the file says of BOS and EOS', () => {
    const tokenizer = tokenizerOf(['▁a'], { add_bos_token: false, add_eos_token: false });
    expect(tokenizer.encode('a')).toEqual([1, 3, 2]);
    expect([tokenizer.addsBos, tokenizer.addsEos, tokenizer.eosId]).toEqual([true, true, null]);
    expect(tokenizer.encode('a[SEP]a', plain)).toEqual([3, 2, 3]);
    expect(tokenizer.encode('[SEP]', { ...plain, parseSpecial: false })).toEqual([0, 0, 0]);
    expect(tokenizer.decode([1, 3, 2])).toBe('[CLS] a[SEP]');
  });

  it('has BERT’s special ids where the file names none, and refuses a vocabulary too small for them', () => {
    const changes = { unknown_token_id: undefined, bos_token_id: undefined, seperator_token_id: undefined };
    const many = Array.from({ length: 120 }, (_, n) => `▁t${n}`);
    expect(tokenizerOf(many, changes).encode('x')).toEqual([101, 100, 102]);
    expect(() => tokenizerOf(['▁a'], changes)).toThrow(/tokenizer\.ggml\.unknown_token_id is missing/);
  });

  it('may keep case and accents', () => {
    const tokens = ['▁É', '▁é', '▁E', '▁e'];
    expect(tokenizerOf(tokens).encode('É', plain)).toEqual([6]);
    expect(tokenizerOf(tokens, { 'normalizer.lowercase': false }).encode('É', plain)).toEqual([3]);
    expect(tokenizerOf(tokens, { 'normalizer.strip_accents': false }).encode('É', plain)).toEqual([4]);
    expect(
      tokenizerOf(tokens, { 'normalizer.lowercase': false, 'normalizer.strip_accents': true }).encode('É', plain),
    ).toEqual([5]);
  });
});

describe('the words of a text', () => {
  const words = (text: string): string[] => normalisedWords(text, { lowerCase: true, stripAccents: true });

  it('are parted by white space, signs and ideographs', () => {
    expect(words('Hello,  World!\u3000中文 a+b’c')).toEqual('hello , world ! 中 文 a + b ’ c'.split(' '));
    expect(words('')).toEqual([]);
  });

  it('have neither accents nor control characters', () => {
    expect(words('A\u0308ÉİßΣ\u0000\u200d\ufffd\ue000x')).toEqual(['aeißσx']);
  });

  it('keep symbols outside of ASCII within, and the first letter of Korean syllables', () => {
    expect(words('a€b 가')).toEqual(['a€b', '\u1100']);
  });
});
