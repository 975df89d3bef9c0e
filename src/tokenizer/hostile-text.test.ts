import { describe, expect, it } from 'vitest';
import { smollm2Header, zooMetadata } from '../../test/support/model-metadata';
import { createTokenizer } from './create-tokenizer';

const MIB = 1024 * 1024;
/** A second or two on an idle machine; a quadratic merge would need hours. */
const LIMIT_MS = 30_000;

const HOSTILE: readonly (readonly [string, string])[] = [
  ['one letter', 'a'],
  ['spaces', ' '],
  ['line ends', '\n'],
  ['combining marks', '\u0301'],
  ['digits', '7'],
  ['emoji', '👍🏽'],
  ['apostrophes', "'"],
  ['half a special token', '<|im_'],
  ['special tokens', '<|im_end|>'],
  ['unpaired surrogates', '\ud83d'],
];

describe('a megabyte of hostile text', () => {
  const smollm2 = createTokenizer(smollm2Header());
  const llama = createTokenizer(zooMetadata('llama'));

  it.each(HOSTILE)('of %s takes seconds and comes back', { timeout: 2 * LIMIT_MS }, (_, unit) => {
    const text = unit.repeat(Math.ceil(MIB / unit.length));
    const start = performance.now();
    const ids = smollm2.encode(text, { addSpecial: false });
    llama.encode(text);
    expect(performance.now() - start).toBeLessThan(LIMIT_MS);
    expect(smollm2.decode(ids) === text.replace(/\p{Surrogate}/gu, '\ufffd')).toBe(true);
  });

  it('is refused beyond two', () => {
    expect(() => llama.encode('x'.repeat(2 * MIB + 1))).toThrow(/Send a shorter one/);
  });

  it('of two megabytes in one run does not exhaust the stack', { timeout: 2 * LIMIT_MS }, () => {
    expect(llama.encode('\u0301'.repeat(2 * MIB)).length).toBeGreaterThan(2 * MIB);
  });
});
