import { describe, expect, it } from 'vitest';
import { keepTokens, textBytes } from '../../src/kernels/keep-tokens';
import { KV_BLOCK_TOKENS } from '../../src/kernels/kv-layout';
import type { StepInputRow } from '../../src/kernels/step-input';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { withBench } from './workbench';

/** What a place holds that nobody wrote. */
const NOTHING = 0xfffffff0;
const SEQUENCES = 5;
const BLOCKS = 7;

interface Case {
  readonly rows: readonly StepInputRow[];
  readonly sampled: Uint32Array;
  readonly expected: Uint32Array;
}

/** Rows at places of all sequences, each once, in any order. */
function randomCase(count: number): Case {
  const random = new Random(960 + count);
  const blocks = random.shuffled(SEQUENCES * BLOCKS);
  const tables = Array.from({ length: SEQUENCES }, (_, i) => blocks.slice(i * BLOCKS, (i + 1) * BLOCKS));
  const sampled = Uint32Array.from({ length: SEQUENCES }, () => random.integer(0, 9999));
  const expected = new Uint32Array(textBytes(blocks.length) / 4).fill(NOTHING);
  const places = random.shuffled(SEQUENCES * BLOCKS * KV_BLOCK_TOKENS).slice(0, count);
  const rows = places.map((place): StepInputRow => {
    const [slot, position] = [place % SEQUENCES, Math.floor(place / SEQUENCES)];
    const token = random.next() < 0.2 ? null : random.integer(0, 200_000);
    const table = tables[slot] ?? [];
    const block = table[Math.floor(position / KV_BLOCK_TOKENS)] ?? NaN;
    expected[block * KV_BLOCK_TOKENS + (position % KV_BLOCK_TOKENS)] = token ?? sampled[slot] ?? NaN;
    return { token, position, slot, blocks: table, windowBlocks: table.toReversed() };
  });
  return { rows, sampled, expected };
}

export function describeKeepTokens(deviceOf: DeviceOf): void {
  describe('keep_tokens', () => {
    // Around what a workgroup takes at once.
    it.each([1, 2, 63, 64, 65, 200])(
      'puts the tokens of %i rows into their blocks, and writes nothing else',
      async (count) => {
        const { rows, sampled, expected } = randomCase(count);
        const found = await withBench(deviceOf(), async (bench) => {
          bench.step(rows);
          const text = bench.words('text', new Uint32Array(expected.length).fill(NOTHING));
          const dispatch = keepTokens({ text, sampled: bench.words('sampled', sampled) });
          return new Uint32Array((await bench.run([dispatch], count, text)).buffer);
        });
        expect(found).toEqual(expected);
      },
    );
  });
}
