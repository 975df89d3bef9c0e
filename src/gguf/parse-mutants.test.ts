import { expect, it, onTestFinished } from 'vitest';
import { meta, writeGguf } from '../../test/gguf-writer';
import { ForgelightError } from '../base/errors';
import { parseGguf } from './parse';

const MUTANTS = 100_000;
const SLOWEST_MS = 100;

/** Mulberry32: small, seeded, good enough to pick bytes. Gives integers below `bound`. */
function randomSource(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const original = writeGguf({
  metadata: {
    'general.architecture': 'llama',
    'general.alignment': 32,
    'llama.block_count': 2,
    'llama.rope.freq_base': 10_000.5,
    'tokenizer.ggml.tokens': ['<s>', 'a', 'ĠĠ', '\uFEFF'],
    'tokenizer.ggml.scores': Float32Array.of(0, -1, -2, -3),
    'tokenizer.ggml.token_type': Int32Array.of(3, 1, 1, 1),
    'tokenizer.ggml.add_bos_token': true,
    wide: meta.number('u64', 2n ** 60n),
    nested: meta.nested([meta.strings(['x']), meta.numbers('i64', [-1, 2])]),
  },
  tensors: [
    { name: 'token_embd.weight', type: 'Q8_0', shape: [32, 4] },
    { name: 'blk.0.attn_q.weight', type: 'Q4_1', shape: [32, 2] },
    { name: 'output_norm.weight', type: 'F32', shape: [32] },
  ],
});

/** Numbers that sit at the edges of counts, lengths and offsets. */
const EDGES = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0xffffn,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** One to four changes: a flipped bit, a random byte, an edge value, a cut, bytes moved. */
function mutate(random: (bound: number) => number): Uint8Array {
  let bytes = original.slice();
  for (let changes = 1 + random(4); changes > 0; changes -= 1) {
    const at = random(bytes.length);
    switch (random(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2: {
        const view = new DataView(bytes.buffer);
        if (at + 8 <= bytes.length) view.setBigUint64(at, EDGES[random(EDGES.length)] ?? 0n, true);
        break;
      }
      case 3:
        if (random(8) === 0) bytes = bytes.slice(0, 1 + at);
        break;
      default:
        bytes.copyWithin(at, random(bytes.length), at + random(32));
    }
  }
  return bytes;
}

function outcome(bytes: Uint8Array, fileSize: number | undefined): string {
  try {
    return parseGguf(bytes, fileSize).kind;
  } catch (error) {
    if (error instanceof ForgelightError && error.code === 'bad-gguf') return 'refused';
    throw error;
  }
}

function timed(bytes: Uint8Array, fileSize: number | undefined): { result: string; elapsedMs: number } {
  const start = performance.now();
  const result = outcome(bytes, fileSize);
  return { result, elapsedMs: performance.now() - start };
}

it(`parses, asks for more or refuses each of ${MUTANTS} mutants, none of them slowly`, { timeout: 60_000 }, () => {
  // To note where each of so many errors comes from takes longer than to find it.
  const { stackTraceLimit } = Error;
  onTestFinished(() => void (Error.stackTraceLimit = stackTraceLimit));
  Error.stackTraceLimit = 0;
  const random = randomSource(3);
  const counts: Record<string, number> = {};
  let slowestMs = 0;
  for (let mutant = 0; mutant < MUTANTS; mutant += 1) {
    const bytes = mutate(random);
    const fileSize = mutant % 4 === 0 ? undefined : bytes.length;
    const { result, elapsedMs: firstMs } = timed(bytes, fileSize);
    let elapsedMs = firstMs;
    // A busy machine may have slept in between: only what is slow again and again is slow.
    for (let again = 0; elapsedMs > SLOWEST_MS && again < 3; again += 1) elapsedMs = timed(bytes, fileSize).elapsedMs;
    slowestMs = Math.max(slowestMs, elapsedMs);
    counts[result] = (counts[result] ?? 0) + 1;
  }
  expect(slowestMs).toBeLessThan(SLOWEST_MS);
  // All three ways out are really taken.
  expect(counts['complete']).toBeGreaterThan(MUTANTS / 20);
  expect(counts['need']).toBeGreaterThan(MUTANTS / 100);
  expect(counts['refused']).toBeGreaterThan(MUTANTS / 4);
});
