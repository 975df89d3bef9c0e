import { describe, expect, it } from 'vitest';
import { textBytes } from '../../src/kernels/keep-tokens';
import { KV_BLOCK_TOKENS } from '../../src/kernels/kv-layout';
import { penalise } from '../../src/kernels/penalise';
import type { StepInputPenalties, StepInputRow } from '../../src/kernels/step-input';
import { applyPenalties } from '../../src/sampling/penalties';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { withBench } from './workbench';

/** A workgroup edits 4096 logits: the last needs three, the third of which has few. */
const VOCABULARIES = [1, 40, 1501, 4096, 8999];
const OUTPUT_COUNT = 48;
/** Tokens that are looked at: around those that a workgroup takes at once, here and on HIP, and many more. */
const COUNTS = [1, 2, 17, 63, 64, 65, 128, 255, 256, 257, 1500];
/** Blocks of a sequence: more than its longest text has. */
const BLOCKS = Math.ceil(Math.max(...COUNTS) / KV_BLOCK_TOKENS) + 2;
/** What a place holds that nobody wrote: no token of a vocabulary. */
const NOTHING = 0xfffffff0;
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
  // Few, so that they come again, those beside a slice's end among them, and now and then one that is no token of this vocabulary.
  const known = [4095, 4096, ...Array.from({ length: 28 }, (_, i) => i * 307)].map((id) => id % size);
  const tokens = Array.from({ length: count }, () =>
    random.next() < 0.02 ? size + random.integer(0, 3) : (known[random.integer(0, known.length - 1)] ?? 0),
  );
  const [repeat, presence, frequency] = [random.between(0.5, 2), random.between(-2, 2), random.between(-2, 2)];
  const isPenalised = index % 4 !== 3;
  return {
    logits: Float32Array.from({ length: size }, () => logitOf(random)),
    tokens,
    penalties: isPenalised ? { repeat, presence, frequency, tokens: count } : null,
    isAhead: index % 5 < 2,
  };
}

interface Penalised {
  readonly bits: Uint32Array; // [cases × size]
  /** The words of the kept tokens that are not as they should be: each penalised row keeps its own token, and nothing else is written. */
  readonly wrongTokens: readonly number[];
}

/** Penalises all cases in one step whose rows, slots, outputs and blocks are in unlike orders. */
async function penaliseOn(deviceOf: DeviceOf, cases: readonly Case[]): Promise<Penalised> {
  const [count, size] = [cases.length, cases[0]?.logits.length ?? 0];
  const random = new Random(95);
  const [slots, outputs, blocks] = [random.shuffled(count), random.shuffled(count), random.shuffled(count * BLOCKS)];
  const [sampled, before] = [new Uint32Array(count), new Uint32Array(textBytes(blocks.length) / 4).fill(NOTHING)];
  const kept = before.slice();
  const rows: StepInputRow[] = slots.map((slot) => ({ token: 0, position: 0, slot, blocks: [0] }));
  cases.forEach(({ tokens, isAhead, penalties }, i) => {
    const row = outputs[i] ?? 0;
    const [slot = 0, last = 0] = [slots[row], tokens.at(-1)];
    const table = blocks.slice(i * BLOCKS, (i + 1) * BLOCKS);
    const position = random.integer(tokens.length, BLOCKS * KV_BLOCK_TOKENS) - 1;
    rows[row] = { token: isAhead ? null : last, position, slot, blocks: table };
    sampled[slot] = isAhead ? last : (last + 1) % size;
    tokens.forEach((token, index) => {
      const at = position + 1 - tokens.length + index;
      const place = (table[Math.floor(at / KV_BLOCK_TOKENS)] ?? NaN) * KV_BLOCK_TOKENS + (at % KV_BLOCK_TOKENS);
      if (at < position) before[place] = token;
      if (at < position || penalties !== null) kept[place] = token;
    });
  });
  return await withBench(deviceOf(), async (bench) => {
    bench.step(
      rows,
      outputs,
      [],
      [],
      cases.map((given) => given.penalties),
    );
    const all = new Float32Array(count * size);
    cases.forEach((given, i) => all.set(given.logits, i * size));
    const [logits, text] = [bench.floats('logits', all), bench.words('text', before)];
    const dispatch = penalise({ logits, size, sampled: bench.words('sampled', sampled), text });
    const bits = new Uint32Array((await bench.run([dispatch], count, logits)).buffer);
    const found = new Uint32Array((await bench.read(text)).buffer);
    return { bits, wrongTokens: [...kept.keys()].filter((place) => found[place] !== kept[place]) };
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
      const { bits, wrongTokens } = await penaliseOn(deviceOf, cases);
      expect(wrongTokens).toEqual([]);
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
