import { rangeTokens } from '../kernels/attention';
import type { EncoderNetwork } from './encoder-network';
import type { Network } from './network';
import { longTensor } from './rope';

/** What the longest text that a request may hold decides over the bits of any: positions summed up at a time, and factors of RoPE. */
export function contextIdentity(network: Network | EncoderNetwork, contextLength: number): readonly string[] {
  const ropes = network.kind === 'encoder' ? [network.rope] : network.ropes;
  const factors = ropes.flatMap((rope) =>
    rope?.scaling.kind === 'long' ? [longTensor(rope.scaling, contextLength)] : [],
  );
  return [`ranges of ${rangeTokens(contextLength)}`, ...factors];
}
