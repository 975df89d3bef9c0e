import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import {
  architectureKey,
  getBoolean,
  getBooleans,
  getCount,
  getCountPerLayer,
  getNumber,
  getNumbers,
  getString,
  getStrings,
} from './metadata';
import type { GgufValue } from './types';

const metadata = new Map<string, GgufValue>([
  ['general.architecture', 'llama'],
  ['llama.attention.head_count', 9],
  ['per-layer', Int32Array.of(4, 8)],
  ['eps', 1e-5],
  ['negative', -1],
  ['big', 2n ** 60n],
  ['nan', Number.NaN],
  ['flag', true],
  ['flags', [true, false]],
  ['tokens', ['a', 'b']],
  ['scores', Float32Array.of(0.5, 1)],
  ['wide', [1, 2n ** 60n]],
]);

function message(call: () => unknown): string {
  try {
    return `gave ${String(call())}`;
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    expect(error.code).toBe('bad-gguf');
    return error.message;
  }
}

describe('metadata accessors', () => {
  it('give values of the right type', () => {
    expect(getString(metadata, 'general.architecture')).toBe('llama');
    expect(getNumber(metadata, 'eps')).toBe(1e-5);
    expect(getCount(metadata, architectureKey(metadata, 'attention.head_count'))).toBe(9);
    expect(getBoolean(metadata, 'flag')).toBe(true);
    expect(getBooleans(metadata, 'flags')).toEqual([true, false]);
    expect(getStrings(metadata, 'tokens')).toEqual(['a', 'b']);
    expect(getNumbers(metadata, 'scores')).toEqual(Float32Array.of(0.5, 1));
  });

  it('give the fallback for what is absent only', () => {
    expect(getString(metadata, 'none', null)).toBeNull();
    expect(getNumber(metadata, 'none', 7)).toBe(7);
    expect(getBoolean(metadata, 'none', false)).toBe(false);
    expect(getStrings(metadata, 'none', [])).toEqual([]);
    expect(message(() => getNumber(metadata, 'flag', 7))).toMatch(/"flag" is true instead of a number/);
  });

  it('name the key and what was expected', () => {
    expect(message(() => getString(metadata, 'none'))).toMatch(/metadata "none" is missing; a string is needed/);
    expect(message(() => getString(metadata, 'eps'))).toMatch(/"eps" is 0\.00001 instead of a string/);
    expect(message(() => getNumber(metadata, 'general.architecture'))).toMatch(
      /is the string "llama" instead of a number/,
    );
    expect(message(() => getNumber(metadata, 'big'))).toMatch(/1152921504606846976 instead of a number/);
    expect(message(() => getNumber(metadata, 'nan'))).toMatch(/NaN/);
    expect(message(() => getCount(metadata, 'negative'))).toMatch(/-1 instead of a whole number from 0 on/);
    expect(message(() => getCount(metadata, 'eps'))).toMatch(/instead of a whole number/);
    expect(message(() => getBoolean(metadata, 'negative'))).toMatch(/instead of a boolean/);
    expect(message(() => getBooleans(metadata, 'tokens'))).toMatch(/instead of an array of booleans/);
    expect(message(() => getStrings(metadata, 'scores'))).toMatch(
      /an array of length 2 instead of an array of strings/,
    );
    expect(message(() => getNumbers(metadata, 'tokens'))).toMatch(/instead of an array of numbers/);
    expect(message(() => getNumbers(metadata, 'wide'))).toMatch(/instead of an array of numbers/);
  });

  it('spread a count over the layers', () => {
    expect(getCountPerLayer(metadata, 'llama.attention.head_count', 3)).toEqual([9, 9, 9]);
    expect(getCountPerLayer(metadata, 'per-layer', 2)).toEqual([4, 8]);
    expect(getCountPerLayer(metadata, 'none', 2, null)).toBeNull();
    expect(message(() => getCountPerLayer(metadata, 'per-layer', 3))).toMatch(/one for each of 3 layers/);
    expect(message(() => getCountPerLayer(metadata, 'scores', 2))).toMatch(/one for each of 2 layers/);
  });
});
