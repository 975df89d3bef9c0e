import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenId } from '../base/ids';
import { createSpecialSplitter, type Fragment } from './special-tokens';
import { readVocabulary, TOKEN_KIND } from './vocabulary';

type Kind = keyof typeof TOKEN_KIND;

function splitterOf(specials: readonly (readonly [string, Kind])[]) {
  const metadata = new Map<string, unknown>([
    ['tokenizer.ggml.tokens', specials.map(([text]) => text)],
    ['tokenizer.ggml.token_type', specials.map(([, kind]) => TOKEN_KIND[kind])],
  ]);
  return createSpecialSplitter(readVocabulary(metadata));
}

const control = (...texts: readonly string[]) => splitterOf(texts.map((text) => [text, 'control'] as const));

describe('special tokens', () => {
  it('that would take gigabytes together are refused', () => {
    const texts = Array.from({ length: 1100 }, (_, i) => String(i).padStart(1000, '<'));
    expect(() => control(...texts)).toThrow(expect.objectContaining({ code: 'bad-gguf' }));
    expect(() => control(...texts.slice(0, 900))).not.toThrow();
  });

  it('are cut out of text', () => {
    expect(control('<a>', '<b>').split('x<a><b> y<a>', true)).toEqual(['x', 0, 1, ' y', 0]);
    expect(control('<a>').split('', true)).toEqual([]);
    expect(control('<a>').split('<a', true)).toEqual(['<a']);
  });

  it('of the user are always found; control and unknown ones only when asked for; others never', () => {
    const splitter = splitterOf([
      ['<c>', 'control'],
      ['<u>', 'unknown'],
      ['<d>', 'userDefined'],
      ['<n>', 'normal'],
      ['<x>', 'unused'],
    ]);
    expect(splitter.split('<c><u><d><n><x>', false)).toEqual(['<c><u>', 2, '<n><x>']);
    expect(splitter.split('<c><u><d><n><x>', true)).toEqual([0, 1, 2, '<n><x>']);
  });

  it('are found longest first, even where a shorter one begins before', () => {
    expect(control('\n', '\n\n', '\n\n\n').split('\n'.repeat(5), true)).toEqual([2, 1]);
    expect(control('ab', 'bcd').split('abcd', true)).toEqual(['a', 1]);
    expect(control('ab', 'abc', 'cde').split('abcde', true)).toEqual([1, 'de']);
    expect(control('bcdx', 'abc', 'a').split('abcdx', true)).toEqual([2, 0]);
    expect(control('aa', 'é').split('aé', true)).toEqual(['a', 1]);
  });

  it('may take the white space beside them with them', () => {
    const vocabulary = readVocabulary(
      new Map<string, unknown>([
        ['tokenizer.ggml.tokens', ['<mask>', '<b>', '<a>']],
        ['tokenizer.ggml.token_type', [3, 3, 3]],
      ]),
    );
    const [mask, b, a] = [tokenId(0), tokenId(1), tokenId(2)];
    const splitter = createSpecialSplitter(vocabulary, { before: new Set([mask]), behind: new Set([b]) });
    const split: typeof splitter.split = (...args) => splitter.split(...args);
    expect(split(' x \n<mask> y', true)).toEqual([' x', mask, ' y']);
    expect(split('<b> \t\nx<b>  <b>', true)).toEqual([b, 'x', b, b]);
    expect(split('<b>  <mask>  <a> ', true)).toEqual([b, mask, '  ', a, ' ']);
    expect(split('<b>\u00a0x', true)).toEqual([b, '\u00a0x']);
    expect(split(' <mask> ', false)).toEqual([' <mask> ']);
  });

  it('are those that taking one token after the other finds', () => {
    const texts = fc.uniqueArray(
      fc.string({ unit: fc.constantFrom('a', 'b', 'é', '中'), minLength: 1, maxLength: 4 }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(texts, fc.string({ unit: fc.constantFrom('a', 'b', 'é', '中'), maxLength: 30 }), (specials, text) => {
        // tokens of equal length that overlap have no defined order
        fc.pre(new Set(specials.map(byteLength)).size === specials.length);
        expect(control(...specials).split(text, true)).toEqual(oneAfterTheOther(specials, text));
      }),
      { seed: 11, numRuns: 2000 },
    );
  });

  it('of absurd length are refused', () => {
    expect(() => control('x'.repeat(1025))).toThrow(/tokenizer\.ggml\.tokens has a special token of 1025 characters/);
  });
});

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** llama.cpp's way: each token, longest first, goes through what text is left. */
function oneAfterTheOther(specials: readonly string[], text: string): readonly Fragment[] {
  let fragments: (string | number)[] = [text];
  const byLength = [...specials.entries()].sort(([, a], [, b]) => byteLength(b) - byteLength(a));
  for (const [id, special] of byLength) {
    fragments = fragments.flatMap((fragment) =>
      typeof fragment === 'string'
        ? fragment.split(special).flatMap((part, index) => (index === 0 ? [part] : [id, part]))
        : [fragment],
    );
  }
  return fragments.filter((fragment) => fragment !== '') as Fragment[];
}
