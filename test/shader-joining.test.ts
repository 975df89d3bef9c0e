import { describe, expect, it } from 'vitest';
import { shaderText } from '../src/device/webgpu/shader-text';
import { script, texts } from './support/shader-script';

describe('joining a kernel with a module', () => {
  const kernel = texts.kernels.matvec_rows?.text ?? '';
  const check = (module: string): void => script.checkJoinable({ matvec_rows: kernel, 'quant/new': module });
  const dequant = 'fn dequant32(unit: u32, plane: u32) -> array<vec4f, 8> {\n  return array<vec4f, 8>();\n}\n';

  it('leaves no stub in the kernel', () => {
    for (const { takes, text } of Object.values(texts.kernels)) {
      expect(text).not.toMatch(
        /^(?:fn|struct|const) (dequant32|dequant_unit|group_words|Words|GROUP_UNITS|byte_unit|ByteUnit|load4|scales_of|SCALED|store2|store4|read_lane|from_quad|reads_together|SHARED)\b/m,
      );
      for (const name of Object.values(takes).flat()) expect(text).toMatch(new RegExp(`\\b${name}\\b`));
    }
    expect(texts.kernels['glu']?.takes).toEqual({});
    expect(Object.entries(texts.kernels['qkv_rows']?.takes ?? {})).toEqual([
      ['quant', ['GROUP_UNITS', 'group_words', 'dequant_unit']],
      ['kv', ['store2']],
      ['reads', ['SHARED', 'read_lane', 'from_quad']],
    ]);
  });

  it('is not possible where both declare a name', () => {
    expect(() => check(dequant)).not.toThrow();
    for (const other of [
      'fn activate(v: f32) -> f32 {',
      'struct Params {',
      '@group(0) @binding(2) var<storage, read> step: array<u32>;',
      'const GELU: u32 = 1u;',
      'override EPILOGUE: u32 = 0u;',
    ]) {
      expect(() => check(`${other}\n${dequant}`), other).toThrow('matvec_rows and quant/new both declare');
    }
  });

  it('is not possible where two modules declare a name', () => {
    const other = 'fn values() {\n}\n';
    expect(() => script.checkJoinable({ kernel: '', 'quant/a': other, 'kv/b': dequant })).not.toThrow();
    expect(() => script.checkJoinable({ kernel: '', 'quant/a': other, 'kv/b': dequant + other })).toThrow(
      'quant/a and kv/b both declare values',
    );
  });

  it('takes the modules that have what the kernel calls', () => {
    const modules = {
      quant: { a: dequant, b: 'fn values() {\n}\n' },
      kv: { c: 'fn store2() {\n}\n', d: dequant },
      reads: {},
    };
    const takes = { quant: ['dequant32'], kv: ['store2'] };
    expect(script.choicesOf({ takes }, modules)).toEqual([{ quant: 'a', kv: 'c' }]);
    expect(script.choicesOf({ takes: {} }, modules)).toEqual([{}]);
  });

  it('gives nothing for a pair that does not exist', () => {
    const reads = 'each';
    expect(shaderText(texts, 'matvec_rows', { quant: 'q4_0', reads })).not.toBeNull();
    expect(shaderText(texts, 'matvec_rows', { quant: 'q4_0' })).toBeNull();
    expect(shaderText(texts, 'matvec_rows', { quant: 'q9_9', reads })).toBeNull();
    expect(shaderText(texts, 'matvec_rows', { kv: 'f16', reads })).toBeNull();
    expect(shaderText(texts, 'matvec_rows', { quant: 'q4_0', kv: 'f16', reads })).toBeNull();
    expect(shaderText(texts, 'matvec_rows', {})).toBeNull();
    expect(shaderText(texts, 'qkv_rows', { quant: 'q4_0', reads })).toBeNull();
    expect(shaderText(texts, 'glu', { quant: 'q4_0' })).toBeNull();
    expect(shaderText(texts, 'gluten', {})).toBeNull();
  });
});
