import { describe, expect, it } from 'vitest';
import { penalise, PENALTY_WINDOW } from '../../src/kernels/penalise';
import type { StepInputPenalties } from '../../src/kernels/step-input';
import { applyPenalties } from '../../src/sampling/penalties';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { withBench } from './workbench';

/** The last is no multiple of anything. */
const VOCABULARIES = [1, 40, 1501];
const OUTPUT_COUNT = 48;
/** Tokens that are looked at: around those that a workgroup takes at once. */
const COUNTS = [1, 2, 17, 63, 64, 65, 128, 200, PENALTY_WINDOW];
/** A GPU may keep a product of which the CPU rounds off the last bit. */
const ROUNDING = 2 ** -22;

const LOGITS: readonly ((random: Random) => number)[] = [
  (random) => random.between(-20, 20),
  (random) => random.integer(-2, 2) * 0.5,
  (random) => [-Infinity, Infinity, NaN, -0, 0, 3.4e38, -3.4e38][random.integer(0, 6)] ?? 0,
];

interface Case {
  readonly logits: Float32Array;
  /** The text so far: what is looked at. */
  readonly tokens: readonly number[];
  readonly penalties: StepInputPenalties | null;
  /** The host does not know its last token. */
  readonly isAhead: boolean;
}

function randomCase(random: Random, size: number, index: number): Case {
  const logitOf = LOGITS[index % LOGITS.length] ?? Math.random;
  const count = COUNTS[index % COUNTS.length] ?? 1;
  // Few, so that they come again, and now and then one that is no token of this vocabulary.
  const tokens = Array.from({ length: count }, () =>
    random.next() < 0.02 ? size + random.integer(0, 3) : (random.integer(0, Math.min(size, 30) - 1) * 7) % size,
  );
  const [repeat, presence, frequency] = [random.between(0.5, 2), random.between(-2, 2), random.between(-2, 2)];
  const isPenalised = index % 4 !== 3;
  return {
    logits: Float32Array.from({ length: size }, () => logitOf(random)),
    tokens,
    penalties: isPenalised ? { repeat, presence, frequency, before: tokens.slice(0, -1) } : null,
    isAhead: index % 5 < 2,
  };
}

/** Penalises all cases in one step whose rows, slots and outputs are in unlike orders. */
async function penaliseOn(deviceOf: DeviceOf, cases: readonly Case[]): Promise<Uint32Array> {
  const [count, size] = [cases.length, cases[0]?.logits.length ?? 0];
  const random = new Random(95);
  const [slots, outputs] = [random.shuffled(count), random.shuffled(count)];
  return await withBench(deviceOf(), async (bench) => {
    const sampled = new Uint32Array(count);
    const rows = slots.map((slot) => ({ token: 0 as number | null, position: 0, slot, blocks: [0] }));
    cases.forEach(({ tokens, isAhead }, i) => {
      const row = outputs[i] ?? 0;
      const [slot = 0, last = 0] = [slots[row], tokens.at(-1)];
      rows[row] = { token: isAhead ? null : last, position: 0, slot, blocks: [0] };
      sampled[slot] = isAhead ? last : (last + 1) % size;
    });
    const penalties = cases.map((given) => given.penalties);
    bench.step(rows, outputs, [], [], penalties);
    const all = new Float32Array(count * size);
    cases.forEach((given, i) => all.set(given.logits, i * size));
    const logits = bench.floats('logits', all);
    const dispatch = penalise({ logits, size, sampled: bench.words('sampled', sampled) });
    return new Uint32Array((await bench.run([dispatch], count, logits)).buffer);
  });
}

/** What the chain makes of a case, and how far a logit may be from that. */
function expected({ logits, tokens, penalties }: Case): {
  readonly logits: Float32Array;
  readonly slack: Float32Array;
} {
  const [penalised, slack] = [logits.slice(), new Float32Array(logits.length)];
  if (penalties === null) return { logits: penalised, slack };
  const { repeat: repeatPenalty, presence: presencePenalty, frequency: frequencyPenalty } = penalties;
  applyPenalties(penalised, tokens, { repeatPenalty, presencePenalty, frequencyPenalty, repeatLastN: tokens.length });
  for (const id of tokens) slack[id] = ROUNDING * (2 * Math.abs(logits[id] ?? 0) + 2 + 2 * tokens.length);
  return { logits: penalised, slack };
}

export function describePenalise(deviceOf: DeviceOf): void {
  describe('penalise', () => {
    it.each(VOCABULARIES)('edits %i logits as the chain on the CPU does, and leaves all others alone', async (size) => {
      const random = new Random(970 + size);
      const cases = Array.from({ length: OUTPUT_COUNT }, (_, i) => randomCase(random, size, i));
      const bits = await penaliseOn(deviceOf, cases);
      const found = new Float32Array(bits.buffer, bits.byteOffset, bits.length);
      cases.forEach((given, output) => {
        const { logits, slack } = expected(given);
        const untouched = new Uint32Array(given.logits.buffer);
        const wrong = [...logits.keys()].filter((id) => {
          const at = output * size + id;
          if (slack[id] === 0 || Number.isNaN(given.logits[id])) return bits[at] !== untouched[id];
          const [value = NaN, wanted = NaN] = [found[at], logits[id]];
          return value !== wanted && !(Math.abs(value - wanted) <= (slack[id] ?? 0));
        });
        expect(wrong, `output ${output}`).toEqual([]);
      });
    });
  });
}
