import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zooMetadata } from '../../test/support/model-metadata';
import { pieceVocabulary } from '../../test/support/tokenizer-vocabularies';
import { createTokenizer, type LoadedTokenizer } from './create-tokenizer';
import { createStreamDecoder } from './stream-decoder';

type Scored = readonly (readonly [text: string, score: number])[];

/** `<unk>`, `<s>`, `</s>`, then the given tokens from id 3 on. */
function tokenizerOf(tokens: Scored, changes: Readonly<Record<string, unknown>> = {}): LoadedTokenizer {
  const all: Scored = [['<unk>', 0], ['<s>', 0], ['</s>', 0], ...tokens];
  const metadata = new Map<string, unknown>([
    ['tokenizer.ggml.model', 'llama'],
    ['tokenizer.ggml.tokens', all.map(([text]) => text)],
    ['tokenizer.ggml.scores', Float32Array.from(all, ([, score]) => score)],
    ['tokenizer.ggml.token_type', all.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : 1))],
  ]);
  for (const [key, value] of Object.entries(changes)) metadata.set(`tokenizer.ggml.${key}`, value);
  return createTokenizer(metadata);
}

const texts = (tokenizer: LoadedTokenizer, text: string): string[] =>
  tokenizer.encode(text, { addSpecial: false }).map((id) => tokenizer.decode([id]));

const LETTERS: Scored = [
  ['a', -9],
  ['b', -9],
  ['c', -9],
];
const bare = { add_space_prefix: false };

describe('SentencePiece', () => {
  it('joins what scores best, of equals the leftmost', () => {
    expect(texts(tokenizerOf([...LETTERS, ['ab', -2], ['bc', -1]], bare), 'abc')).toEqual(['a', 'bc']);
    expect(texts(tokenizerOf([...LETTERS, ['ab', -1], ['bc', -2]], bare), 'abc')).toEqual(['ab', 'c']);
    expect(texts(tokenizerOf([...LETTERS, ['ab', -1], ['bc', -1]], bare), 'abc')).toEqual(['ab', 'c']);
    expect(texts(tokenizerOf([...LETTERS, ['aa', -1], ['aaaa', -3]], bare), 'aaaaa')).toEqual(['aaaa', 'a']);
  });

  it('reaches a token by joins alone: a whole one without a way to it is not found', () => {
    expect(texts(tokenizerOf([...LETTERS, ['abc', 0]], bare), 'abc')).toEqual(['a', 'b', 'c']);
    // characters that are no tokens may be part of one
    expect(texts(tokenizerOf([['xy', -1]], bare), 'xy')).toEqual(['xy']);
  });

  it('spells a character that is no token by its bytes, or as unknown', () => {
    const bytes: Scored = ['E4', 'B8', 'AD'].map((hex) => [`<0x${hex}>`, 0]);
    expect(tokenizerOf([...LETTERS, ...bytes], bare).encode('a中', { addSpecial: false })).toEqual([3, 6, 7, 8]);
    expect(tokenizerOf(LETTERS, bare).encode('aé', { addSpecial: false })).toEqual([3, 0, 0]);
  });

  it('puts a space before text that begins or follows a special token, and takes the first one away again', () => {
    const tokenizer = tokenizerOf([...LETTERS, ['▁', -1], ['▁a', 0]]);
    expect(tokenizer.encode('a')).toEqual([1, 7]);
    expect(tokenizer.encode('a</s>a b')).toEqual([1, 7, 2, 7, 6, 4]);
    expect(tokenizer.encode('')).toEqual([1]);
    expect(tokenizer.decode([7, 6, 4])).toBe('a b');
    expect(tokenizer.decode([1, 7])).toBe('<s> a');
    expect(tokenizerOf([...LETTERS, ['▁a', 0]], bare).decode([6])).toBe(' a');
  });

  it('has Llama’s special ids where the file names none, and adds BOS unless the file says no', () => {
    const tokenizer = tokenizerOf(LETTERS, bare);
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.addsBos, tokenizer.addsEos]).toEqual([1, 2, true, false]);
    expect(tokenizer.encode('a')).toEqual([1, 3]);
    const other = tokenizerOf(LETTERS, { ...bare, add_bos_token: false, add_eos_token: true, eos_token_id: 4 });
    expect(other.encode('a')).toEqual([3, 4]);
  });

  it('refuses scores that are none', () => {
    expect(() => tokenizerOf([['a', NaN]])).toThrow(/tokenizer\.ggml\.scores holds what is no number/);
    expect(() => tokenizerOf(LETTERS, { scores: [0, 1] })).toThrow(/tokenizer\.ggml\.scores has 2 entries/);
  });

  it.each([true, false])('brings any text back, at once and as a stream (prefix %s)', (addsPrefix) => {
    const tokenizer = createTokenizer(new Map(Object.entries(pieceVocabulary(addsPrefix))));
    const text = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(' ', '  ', '\n', '<user>', 'the')));
    fc.assert(
      fc.property(text, (parts) => {
        // U+2581 is the spelling of the space itself
        const whole = parts.join('').replaceAll('\u2581', '');
        // user-defined tokens are found in any text
        const plain = whole.replaceAll('<user>', '').replace(/\n+/g, '\n');
        const ids = tokenizer.encode(plain, { addSpecial: false, parseSpecial: false });
        expect(tokenizer.decode(ids)).toBe(plain);
        const decoder = createStreamDecoder(tokenizer);
        const streamed = ids.map((id) => decoder.push(id)).join('') + decoder.flush();
        expect(streamed).toBe(addsPrefix && plain !== '' ? ` ${plain}` : plain);
      }),
      { seed: 13, numRuns: 300 },
    );
  });
});

describe('Phi-3’s special tokens', () => {
  const metadata = zooMetadata('phi3');
  const ids = (name: string, text: string): number[] => {
    const tokenizer = createTokenizer(new Map([...metadata, ['general.name', name]]));
    return tokenizer.encode(text, { addSpecial: false });
  };

  it('take the white space behind them with them, by the model’s name', () => {
    expect(ids('My Phi-3 Mini', '<|user|>\n <|end|>\t\n')).toEqual([510, 509]);
    for (const name of ['PHI3', 'phi-3.5']) expect(ids(name, '<|end|> \n\tx')).toEqual(ids(name, '<|end|>x'));
    for (const name of ['Phi 3', 'llama']) expect(ids(name, '<|end|> \n\tx')).not.toEqual(ids(name, '<|end|>x'));
    // white space of ASCII alone
    expect(ids('phi3', '<|end|>\u00a0x')).not.toEqual(ids('phi3', '<|end|>x'));
  });

  it('but for three of them', () => {
    for (const text of ['<unk>', '<s>', '<|endoftext|>'])
      expect(ids('phi3', `${text}\nx`)).toEqual(ids('llama', `${text}\nx`));
    expect(ids('phi3', '</s>\nx')).not.toEqual(ids('llama', '</s>\nx'));
  });
});
