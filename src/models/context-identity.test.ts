import { describe, expect, it } from 'vitest';
import { tinyFile } from '../../test/support/tiny-llama';
import { contextIdentity } from './context-identity';
import type { Network } from './network';
import { describeNetwork } from './registry';

const identities = (network: Network, ...contexts: readonly number[]): Set<string> =>
  new Set(contexts.map((context) => contextIdentity(network, context).join()));

describe('what the context decides over the bits of an answer', () => {
  const network = describeNetwork(tinyFile());
  const [rope] = network.ropes;

  it('is how many positions attention sums up at a time', () => {
    expect(identities(network, 1, 512, 8192).size).toBe(1);
    expect(identities(network, 8192, 8193, 16_385).size).toBe(3);
  });

  it('is the factors of RoPE too, where there are two kinds', () => {
    if (rope === undefined) throw new Error('a llama has RoPE');
    const scaling = { kind: 'long', short: 's', long: 'l', originalContext: 512, scale: 1 } as const;
    const long = { ...network, ropes: [{ ...rope, scaling }] };
    expect(identities(long, 1, 512).size).toBe(1);
    expect(identities(long, 512, 513).size).toBe(2);
  });
});
