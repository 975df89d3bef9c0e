import { describe, expect, it } from 'vitest';
import { fnv1a } from './fingerprint';

describe('fnv1a', () => {
  it('begins with the 32 bits of FNV-1a', () => {
    // Test vectors of Fowler, Noll and Vo, http://www.isthe.com/chongo/tech/comp/fnv/.
    expect(fnv1a('').slice(0, 8)).toBe('811c9dc5');
    expect(fnv1a('a').slice(0, 8)).toBe('e40c292c');
    expect(fnv1a('foobar').slice(0, 8)).toBe('bf9cf968');
  });

  it('gives 16 digits, leading zeros too, and others for any small change', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `sha|webgpu|adapter ${i}|rows`);
    const prints = names.map(fnv1a);
    expect(prints.every((print) => /^[0-9a-f]{16}$/.test(print))).toBe(true);
    expect(prints.some((print) => print.startsWith('0'))).toBe(true);
    expect(new Set(prints).size).toBe(names.length);
    expect(fnv1a(names[0] ?? '')).toBe(prints[0]);
  });
});
