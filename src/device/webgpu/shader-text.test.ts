import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../base/assert';
import { withConstants } from './shader-text';
import { SHADERS } from './shaders.generated';

describe('the text of a pipeline', () => {
  // naga (Firefox) panics where an override depends on others, or sizes workgroup memory through one that does.
  it.each(Object.entries(SHADERS.kernels))('%s leaves nothing to override', (_, { text }) => {
    expect(withConstants(text, {})).not.toMatch(/^override\b/m);
  });

  // They belong to a feature of the browser's WGSL, which nothing but `precision: 'fast'` needs.
  it('has packed products of bytes in kernels that round to bytes alone', () => {
    const texts = [
      ...Object.entries(SHADERS.kernels).map(([name, { text }]) => [name, text] as const),
      ...Object.values(SHADERS.modules).flatMap((modules) => Object.entries(modules)),
    ];
    const packed = texts.filter(([, text]) => /\b(?:pack4x|unpack4x|dot4)[IU]8\w*\(/.test(text)).map(([name]) => name);
    expect(packed.sort()).toEqual(['matvec_int8', 'qkv_int8']);
  });

  it('has the constants that are given, and defaults for the others', () => {
    const text = 'override A: u32 = 1u; // so many\noverride B: u32 = 2u * A;\nconst C = 3u;\n';
    expect(withConstants(text, { A: 8 })).toBe(
      'const A: u32 = 8u; // so many\nconst B: u32 = 2u * A;\nconst C = 3u;\n',
    );
    expect(withConstants(text, { B: 5 })).toBe('const A: u32 = 1u; // so many\nconst B: u32 = 5u;\nconst C = 3u;\n');
  });

  it('takes no constant that it does not have, nor one that is no u32', () => {
    const text = 'override A: u32 = 1u;\nconst C: u32 = 3u;\n';
    for (const constants of [{ B: 1 }, { C: 1 }, { A: 0.5 }, { A: -1 }, { A: 2 ** 32 }])
      expect(() => withConstants(text, constants)).toThrow(InvariantError);
  });
});
