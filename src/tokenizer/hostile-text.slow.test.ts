import { describe, expect, it } from 'vitest';
import { smollm2Header, zooMetadata } from '../../test/support/model-metadata';
import { characterVocabulary, pieceVocabulary } from '../../test/support/tokenizer-vocabularies';
import { cpuMs } from '../../test/support/cpu-time';
import { createTokenizer } from './create-tokenizer';
import { PRE_TOKENIZERS } from './pre-tokenizers/registry';
import { splitWords } from './pre-tokenizers/pre-tokenizer';

const MIB = 1024 * 1024;
/** For a megabyte: a second or two; a quadratic merge would need hours. */
const LIMIT_MS = 30_000;

/** Of the first three a whole megabyte; of the others a quarter, in which quadratic work would show as well. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ['one letter', 'a'],
  ['spaces', ' '],
  ['combining marks', '\u0301'],
  ['line ends', '\n'],
  ['digits', '7'],
  ['emoji', '👍🏽'],
  ['apostrophes', "'"],
  ['half a special token', '<|im_'],
  ['special tokens', '<|im_end|>'],
  ['unpaired surrogates', '\ud83d'],
];

function hostile(unit: string): { readonly text: string; readonly limitMs: number } {
  const isWhole = HOSTILE.slice(0, 3).some(([, known]) => known === unit);
  const text = unit.repeat(Math.ceil(MIB / (isWhole ? 1 : 4) / unit.length));
  return { text, limitMs: isWhole ? LIMIT_MS : LIMIT_MS / 2 };
}

describe('much hostile text', () => {
  const smollm2 = createTokenizer(smollm2Header().metadata);
  const llama = createTokenizer(zooMetadata('llama'));

  it.each(HOSTILE)('of %s takes seconds and comes back', { timeout: 2 * LIMIT_MS }, (_, unit) => {
    const { text, limitMs } = hostile(unit);
    const start = cpuMs();
    const ids = smollm2.encode(text, { addSpecial: false });
    llama.encode(text);
    expect(cpuMs() - start).toBeLessThan(limitMs);
    expect(smollm2.decode(ids) === text.replace(/\p{Surrogate}/gu, '\ufffd')).toBe(true);
  });

  const pieces = createTokenizer(zooMetadata('phi3'));
  const manyPieces = createTokenizer(new Map(Object.entries(pieceVocabulary(false))));
  const characters = createTokenizer(new Map(Object.entries(characterVocabulary('gemma4'))));

  it.each([...HOSTILE, ['Phi-3’s special tokens and blanks', '<|end|>\n \t'] as const])(
    'of %s takes seconds: SentencePiece and BPE over characters',
    { timeout: 2 * LIMIT_MS },
    (_, unit) => {
      const { text, limitMs } = hostile(unit);
      const start = cpuMs();
      pieces.encode(text);
      const ids = [manyPieces, characters].map((tokenizer) => tokenizer.encode(text, { addSpecial: false }));
      expect(cpuMs() - start).toBeLessThan(limitMs);
      const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd');
      expect(manyPieces.decode(ids[0] ?? []) === wellFormed).toBe(true);
      expect(characters.decode(ids[1] ?? []) === wellFormed).toBe(true);
    },
  );

  const wordPieces = createTokenizer(zooMetadata('minilm'));

  it.each([...HOSTILE, ['ideographs', '中'] as const, ['dots', '.'] as const, ['words', 'ab '] as const])(
    'of %s takes seconds: WordPiece',
    { timeout: 2 * LIMIT_MS },
    (_, unit) => {
      const { text, limitMs } = hostile(unit);
      const start = cpuMs();
      expect(wordPieces.encode(text).length).toBeGreaterThan(1);
      expect(cpuMs() - start).toBeLessThan(limitMs);
    },
  );

  it('is refused beyond two', () => {
    expect(() => llama.encode('x'.repeat(2 * MIB + 1))).toThrow(/Send a shorter one/);
  });

  it('of two megabytes in one run does not exhaust the stack', { timeout: 2 * LIMIT_MS }, () => {
    expect(llama.encode('\u0301'.repeat(2 * MIB)).length).toBeGreaterThan(2 * MIB);
  });
});

describe('long runs of one kind of character are cut into words', () => {
  const units = "a A é aA Aa \u0301 7 ½ 中 가 . 's 👍 |".split(' ').concat(' ', '\n', ' \n', 'a ', ' 中', '\u3000');
  const preTokenizers = PRE_TOKENIZERS.map(([preTokenizer, name]) => [name, preTokenizer] as const);
  /** What follows the run keeps it from ending where the text does. */
  const textOf = (unit: string, units16: number): string =>
    `${unit.repeat(Math.floor((units16 - 2) / unit.length))}x中`;

  it.each(preTokenizers)('in linear time by %s', { timeout: 4 * LIMIT_MS }, (_, preTokenizer) => {
    for (const unit of units) {
      const start = cpuMs();
      expect(splitWords(textOf(unit, MIB / 32), preTokenizer).join('')).toBe(textOf(unit, MIB / 32));
      // some milliseconds; quadratic, it would be seconds
      expect({ unit, soon: cpuMs() - start < LIMIT_MS / 10 }).toEqual({ unit, soon: true });
    }
  });

  it.each(preTokenizers)('without exhausting the stack by %s', { timeout: 2 * LIMIT_MS }, (_, preTokenizer) => {
    for (const unit of ['é', 'a '])
      expect(splitWords(textOf(unit, 2 * MIB), preTokenizer).join('') === textOf(unit, 2 * MIB)).toBe(true);
  });
});
