import { describe, expect, it } from 'vitest';
import type { DeviceBuffer } from '../../src/device/device';
import { argmax, candidateBytes, keyToLogit, NAN_KEY, TOP_K, topk } from '../../src/kernels/candidates';
import { rankOracle } from './oracle';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { withBench, type Workbench } from './workbench';

const VOCABULARIES = [1, 63, 1023, 1024, 1025, 5000, 70_000];

/** Bits of logits, so that every NaN and both zeros survive. */
type Pattern = (random: Random, id: number) => number;

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
const oneOf = (random: Random, bits: readonly number[]): number => bits[random.integer(0, bits.length - 1)] ?? 0;

const INFINITY = 0x7f800000;
const MINUS_INFINITY = 0xff800000;
const MINUS_ZERO = 0x80000000;
const NANS = [0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff];

const PATTERNS: Readonly<Record<string, Pattern>> = {
  random: (random) => bitsOf(random.between(-20, 20)),
  'all negative': (random) => bitsOf(random.between(-20, -1e-3)),
  'many ties': (random) => bitsOf(random.integer(-3, 3)),
  'all equal': () => bitsOf(-1.5),
  'both zeros': (random) => oneOf(random, [0, MINUS_ZERO, bitsOf(-1)]),
  // Each in a chunk of its own; and before an output with greater ones, which a last chunk that is not full must not reach.
  'best far apart': (_, id) => bitsOf(id % 64 === 0 ? -id : -1e6),
  infinities: (random) => oneOf(random, [INFINITY, MINUS_INFINITY, bitsOf(3.4e38), bitsOf(-3.4e38)]),
  'all minus infinity': () => MINUS_INFINITY,
  subnormals: (random) => random.integer(0, 40) + (random.next() < 0.5 ? MINUS_ZERO : 0),
  'some NaN': (random, id) => (id % 97 === 11 ? oneOf(random, NANS) : bitsOf(random.between(-20, 20))),
  ascending: (_, id) => bitsOf(id),
};

const NAMES = Object.keys(PATTERNS);
/** Each output has logits of a pattern of its own; outputs, their rows and the rows' slots are in unlike orders. */
const ROW_COUNT = NAMES.length + 1;
const SLOT_COUNT = ROW_COUNT + 2;
const shuffles = new Random(400);
const SLOTS = shuffles.shuffled(SLOT_COUNT).slice(0, ROW_COUNT);
const OUTPUTS = shuffles.shuffled(ROW_COUNT).slice(0, NAMES.length);
const STEP_ROWS = SLOTS.map((slot, i) => ({ token: 0, position: i, slot, blocks: [0] }));
const UNTOUCHED = 4242;

interface CandidateCase {
  readonly size: number;
  /** [outputs × size] */
  readonly bits: Uint32Array;
  /** Ids of each output, best first. */
  readonly ranks: readonly number[][];
}

function candidateCase(size: number): CandidateCase {
  const random = new Random(401 + size);
  const bits = new Uint32Array(NAMES.length * size);
  const logits = new Float32Array(bits.buffer);
  const ranks = Object.values(PATTERNS).map((pattern, output) => {
    for (let id = 0; id < size; id++) bits[output * size + id] = pattern(random, id);
    return rankOracle(logits.subarray(output * size, (output + 1) * size));
  });
  return { size, bits, ranks };
}

interface CandidateBuffers {
  readonly logits: DeviceBuffer;
  readonly size: number;
  readonly scratch: readonly [DeviceBuffer, DeviceBuffer];
}

function candidateBuffers(bench: Workbench, { size, bits }: CandidateCase): CandidateBuffers {
  bench.step(STEP_ROWS, OUTPUTS);
  const bytes = candidateBytes(size, OUTPUTS.length);
  const scratch = [bench.empty('scratch 0', bytes), bench.empty('scratch 1', bytes)] as const;
  return { logits: bench.words('logits', bits), size, scratch };
}

/** The key stands for the logit: NaN for any NaN, 0 for −0. */
function expectKey(key: number, bits: number, what: string): void {
  const logit = new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;
  expect(keyToLogit(key), what).toBe(logit === 0 ? 0 : logit);
  expect(key === NAN_KEY, what).toBe(Number.isNaN(logit));
}

export function describeCandidates(deviceOf: DeviceOf): void {
  describe('candidates of random, tied, infinite, zero and NaN logits', () => {
    it.each(VOCABULARIES)('argmax of %i, and the token of the slot', async (size) => {
      const args = candidateCase(size);
      await withBench(deviceOf(), async (bench) => {
        const sampled = bench.words('sampled', new Uint32Array(SLOT_COUNT).fill(UNTOUCHED));
        const { dispatches, result } = argmax({ ...candidateBuffers(bench, args), sampled });
        const found = new Uint32Array((await bench.run(dispatches, OUTPUTS.length, result)).buffer);
        const tokens = Array.from({ length: SLOT_COUNT }, () => UNTOUCHED);
        args.ranks.forEach(([best = NaN], output) => {
          const what = `${NAMES[output]}`;
          expect(found[output * 2 + 1], what).toBe(best);
          expectKey(found[output * 2] ?? 0, args.bits[output * size + best] ?? 0, what);
          tokens[SLOTS[OUTPUTS[output] ?? 0] ?? 0] = best;
        });
        expect([...new Uint32Array((await bench.read(sampled)).buffer)]).toEqual(tokens);
      });
    });

    it.each(VOCABULARIES)('topk of %i', async (size) => {
      const args = candidateCase(size);
      await withBench(deviceOf(), async (bench) => {
        const { dispatches, result } = topk(candidateBuffers(bench, args));
        const found = new Uint32Array((await bench.run(dispatches, OUTPUTS.length, result)).buffer);
        args.ranks.forEach((rank, output) => {
          const what = `${NAMES[output]}`;
          const kept = found.subarray(output * TOP_K * 2, (output + 1) * TOP_K * 2);
          const ids = Array.from({ length: TOP_K }, (_, i) => rank[i] ?? 0xffffffff);
          expect(
            [...kept].filter((_, i) => i % 2 === 1),
            what,
          ).toEqual(ids);
          rank
            .slice(0, TOP_K)
            .forEach((id, i) => expectKey(kept[i * 2] ?? 0, args.bits[output * size + id] ?? 0, what));
          for (let i = rank.length; i < TOP_K; i++) expect(kept[i * 2], what).toBe(0);
        });
      });
    });
  });
}
