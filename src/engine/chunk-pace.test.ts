import { describe, expect, it } from 'vitest';
import { ChunkPace } from './chunk-pace';

const LIMITS = { minChunkTokens: 16, maxChunkTokens: 512 };

/** The chunks of a long prompt on a device that takes `msPerToken`, and `msPerStep` besides. */
function chunks(pace: ChunkPace, msPerToken: number, msPerStep = 0, count = 8): number[] {
  return Array.from({ length: count }, () => {
    const tokens = pace.tokens(LIMITS);
    pace.note(tokens, msPerStep + tokens * msPerToken);
    return tokens;
  });
}

describe('ChunkPace', () => {
  it('begins with the fewest tokens and doubles them while the device is fast', () => {
    expect(chunks(new ChunkPace(), 0.01)).toEqual([16, 32, 64, 128, 256, 512, 512, 512]);
  });

  it('stays with the fewest on a slow device', () => {
    expect(chunks(new ChunkPace(), 300)).toEqual(Array(8).fill(16));
  });

  it('comes to steps of about a tenth of a second', () => {
    expect(chunks(new ChunkPace(), 1).at(-1)).toBe(96);
    expect(chunks(new ChunkPace(), 0.4, 20).at(-1)).toBe(192);
  });

  it('shrinks at once when the device becomes slow, and grows again', () => {
    const pace = new ChunkPace();
    chunks(pace, 0.01);
    expect(chunks(pace, 4, 0, 3)).toEqual([512, 16, 16]);
    expect(chunks(pace, 0.01, 0, 3)).toEqual([16, 32, 64]);
  });

  it('takes nothing from the rest of a prompt', () => {
    const pace = new ChunkPace();
    chunks(pace, 0.01);
    pace.note(3, 5000);
    expect(pace.tokens(LIMITS)).toBe(512);
  });

  it('keeps to what the model takes: a whole text, or chunks of a given size', () => {
    const pace = new ChunkPace();
    for (const size of [1, 7, 8192]) {
      const limits = { minChunkTokens: size, maxChunkTokens: size };
      pace.note(size, 1);
      expect(pace.tokens(limits)).toBe(size);
      pace.note(size, 10_000);
      expect(pace.tokens(limits)).toBe(size);
    }
  });
});
