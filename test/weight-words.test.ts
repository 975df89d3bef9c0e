import { describe, expect, it } from 'vitest';
import { QUANT_FORMATS } from '../src/quant/registry';
import { texts } from './support/shader-script';
import { weightWords, wordsRead } from './support/weight-words';

/** Words that matvec may read for each that the file has. */
const MOST = 1.3;

describe('the weights that matvec reads', () => {
  it.each(QUANT_FORMATS)('$type: few more words than there are', (format) => {
    const { groupUnits, read, ideal } = weightWords(format, texts.modules.quant[format.module] ?? '');
    expect([1, 2, 4, 8]).toContain(groupUnits);
    // Rows are whole blocks, and so whole groups.
    expect((Math.max(format.blockElements, 32) / 32) % groupUnits).toBe(0);
    expect(read / ideal).toBeGreaterThanOrEqual(1);
    expect(read / ideal).toBeLessThanOrEqual(MOST);
  });

  it.each(QUANT_FORMATS.filter(({ inBytes }) => inBytes))('$type: no more as bytes', (format) => {
    const text = texts.modules.quant[format.module] ?? '';
    const asBytes = weightWords(format, text, 'byte_unit');
    expect(asBytes.read).toBeGreaterThanOrEqual(asBytes.ideal);
    expect(asBytes.read).toBeLessThanOrEqual(weightWords(format, text).read);
  });

  const exact = ['GROUP_UNITS', 'group_words', 'dequant_unit'];
  const bytes = ['ByteUnit', 'GROUP_UNITS', 'byte_unit', 'group_words'];
  it.each([
    ...['matvec_rows', 'matvec_lanes', 'matvec_subgroup', 'qkv_rows', 'qkv_lanes', 'qkv_subgroup', 'expert_matvec'].map(
      (kernel) => ({ kernel, calls: exact }),
    ),
    ...['matvec_int8', 'qkv_int8', 'matvec_f16', 'qkv_f16'].map((kernel) => ({ kernel, calls: bytes })),
  ])('$kernel reads them by groups alone', ({ kernel, calls }) => {
    const { takes, text } = texts.kernels[kernel] ?? { takes: {}, text: '' };
    expect([...(takes.quant ?? [])].sort()).toEqual(calls.sort());
    expect(text).not.toMatch(/\bweights\[/);
    // Once a group; once the only unit of it, or in a loop each. Of two rows both, where a thread has two.
    const walk = text.match(/\b(?:group_words|dequant_unit|byte_unit)\(|\bfor \(var (?:g = [sl0]|u = g)/g)?.join(' ');
    expect(walk).toMatch(
      /^(?:for \(var g = [sl0] (?:group_words\( ){1,2}(?:dequant_unit\( ){0,2}for \(var u = g (?:(?:dequant_unit|byte_unit)\( ?){1,2})+$/,
    );
  });
});

describe('counting words', () => {
  const reads = 'fn two(o: u32) -> vec2u {\n  return vec2u(weights[o], weights[o + 1u]); // weights[o]\n}\n';

  it('follows calls, each as often as it is there', () => {
    expect(wordsRead(`${reads}fn f() -> u32 {\n  return two(0u).x + two(2u).y + weights[4];\n}\n`, 'f')).toBe(5);
    expect(wordsRead('fn f() -> u32 {\n  return 0u;\n}\n', 'f')).toBe(0);
  });

  it('takes what it cannot count for an error', () => {
    const loop = `${reads}fn f() {\n  for (var i = 0u; i < 2u; i++) {\n    two(i);\n  }\n}\n`;
    expect(() => wordsRead(loop, 'f')).toThrow('f reads weights and has a loop');
    expect(() => wordsRead('fn f() {\n  g(&weights);\n}\n', 'f')).toThrow('f hands the weights on');
    expect(() => wordsRead(reads, 'f')).toThrow('no function f');
  });
});
