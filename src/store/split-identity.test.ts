import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { splitIdentity } from './split-identity';

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];

describe('splitIdentity', () => {
  it('is the SHA-256 of a text that names the parts in order, on every version and side', async () => {
    const text = `forgelight parts\n${a}\n${b}\n`;
    expect(await splitIdentity([a, b])).toBe(createHash('sha256').update(text).digest('hex'));
    expect(await splitIdentity([a, b])).toBe('02b16e7ac210660d6fec2dcca0bd3ffb690bc63f63caae5ccfb8a8c69a1690c1');
  });

  it('is another one for another part, another order, and more or fewer of them', async () => {
    const sets = [[a, b], [b, a], [a, c], [c, b], [a, b, c], [a, c, b], [a, a], [a], [b]];
    const identities = await Promise.all(sets.map(splitIdentity));
    expect(new Set(identities).size).toBe(sets.length);
    for (const identity of identities) expect([a, b, c]).not.toContain(identity);
  });
});
