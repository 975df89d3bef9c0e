import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWords } from './pre-tokenizer';
import { findPreTokenizer, PRE_TOKENIZERS } from './registry';

const words = (name: string, text: string): string[] => splitWords(text, findPreTokenizer(name).preTokenizer);

const TEXT = "I've  1234 don't 'LL x_y\r\n\n  ok...\n!! \t z ½中文１２ ";

describe('words', () => {
  it.each([
    [
      'gpt-2',
      [
        'I',
        "'ve",
        ' ',
        ' 1234',
        ' don',
        "'t",
        " '",
        'LL',
        ' x',
        '_',
        'y',
        '\r\n\n ',
        ' ok',
        '...',
        '\n',
        '!!',
        ' \t',
        ' z',
        ' ½',
        '中文',
        '１２',
        ' ',
      ],
    ],
    [
      'smollm',
      [
        'I',
        "'ve",
        '  ',
        '1',
        '2',
        '3',
        '4',
        ' don',
        "'t",
        " '",
        'LL',
        ' x',
        '_',
        'y',
        '\r\n\n ',
        ' ok',
        '...',
        '\n',
        '!!',
        ' \t',
        ' z',
        ' ',
        '½',
        '中文',
        '１',
        '２',
        ' ',
      ],
    ],
    [
      'llama-bpe',
      [
        'I',
        "'ve",
        ' ',
        ' ',
        '123',
        '4',
        ' don',
        "'t",
        " '",
        'LL',
        ' x',
        '_y',
        '\r\n\n',
        ' ',
        ' ok',
        '...\n',
        '!!',
        ' \t',
        ' z',
        ' ',
        '½',
        '中文',
        '１２',
        ' ',
      ],
    ],
    [
      'qwen2',
      [
        'I',
        "'ve",
        ' ',
        ' ',
        '1',
        '2',
        '3',
        '4',
        ' don',
        "'t",
        " '",
        'LL',
        ' x',
        '_y',
        '\r\n\n',
        ' ',
        ' ok',
        '...\n',
        '!!',
        ' \t',
        ' z',
        ' ',
        '½',
        '中文',
        '１',
        '２',
        ' ',
      ],
    ],
    [
      'default',
      [
        'I',
        "'",
        've',
        ' ',
        ' ',
        '123',
        '4',
        ' don',
        "'",
        't',
        ' ',
        "'",
        'LL',
        ' x',
        '_',
        'y',
        '\r\n\n ',
        ' ok',
        '...',
        '\n',
        '!!',
        ' \t',
        ' z',
        ' ',
        '½',
        '中文',
        '１２',
        ' ',
      ],
    ],
  ])('of %s', (name, expected) => expect(words(name, TEXT)).toEqual(expected));

  it('treat U+0085 as white space and U+FEFF as a sign, unlike JavaScript', () => {
    expect(words('gpt-2', 'a\u0085\u0085b')).toEqual(['a', '\u0085', '\u0085', 'b']);
    expect(words('gpt-2', 'a \ufeffb')).toEqual(['a', ' \ufeff', 'b']);
  });

  it('hold all of the text, never cut a character and are never empty', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PRE_TOKENIZERS.flatMap(([, ...names]) => names)),
        fc.string({ unit: 'binary' }),
        (name, text) => {
          const found = words(name, text);
          expect(found.join('')).toBe(text);
          expect(found.every((word) => word !== '' && !/^[\udc00-\udfff]|[\ud800-\udbff]$/.test(word))).toBe(true);
        },
      ),
      { seed: 7, numRuns: 2000 },
    );
  });

  it('have digits in threes from the right', () => {
    expect(words('superbpe', 'a b1234567')).toEqual(['a b', '1', '234', '567']);
    expect(words('afmoe', 'x 1234567')).toEqual(['x', ' ', '1', '234', '567']);
    expect(words('tiny_aya', '12 𝟘𝟙𝟚𝟛')).toEqual(['12', ' ', '𝟘', '𝟙𝟚𝟛']);
  });

  it('turn from upper to lower case once', () => {
    expect(words('gpt-4o', "helloWorld HTTPServer's ÉCOLEécole")).toEqual(
      "hello|World| HTTPServer's| ÉCOLEécole".split('|'),
    );
  });

  it('of no text are none', () => expect(words('smollm', '')).toEqual([]));
});
