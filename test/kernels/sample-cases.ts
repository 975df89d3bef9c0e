import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/device/device';
import { argmax, candidateBytes, NAN_KEY } from '../../src/kernels/candidates';
import { sample } from '../../src/kernels/sample';
import type { StepInputDraw } from '../../src/kernels/step-input';
import { drawFromCandidates } from '../../src/sampling/draw';
import { randomUnit } from '../../src/sampling/random';
import { sumOf, weigh } from '../../src/sampling/temperature';
import { selectBest } from '../../src/sampling/top-k';
import type { Candidates } from '../../src/sampling/types';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { withBench } from './workbench';

const VOCABULARIES = [1, 40, 65, 1500];
const OUTPUT_COUNT = 400;
const UNTOUCHED = 4242;
/** Nearer to where one token ends and another begins, f32 may fall on the other side. */
const BOUNDARY = 1e-5;

const LOGITS: readonly ((random: Random) => number)[] = [
  (random) => random.between(-20, 20),
  (random) => random.between(-1, 1),
  (random) => random.integer(-3, 3),
  (random) => (random.next() < 0.3 ? -Infinity : random.between(3, 9)),
];

interface SampleCase {
  readonly logits: Float32Array;
  readonly draw: StepInputDraw;
}

interface Drawn {
  readonly key: number;
  readonly id: number;
}

function randomCase(random: Random, size: number, index: number): SampleCase {
  const logitOf = LOGITS[index % LOGITS.length] ?? Math.random;
  const logits = Float32Array.from({ length: size }, () => logitOf(random));
  const draw = {
    topK: random.integer(1, 64),
    temperature: random.between(0.05, 2),
    topP: random.next() < 0.3 ? 1 : random.next(),
    minP: random.next() < 0.3 ? 0 : random.next() ** 3,
    unit: randomUnit(size, index),
  };
  return { logits, draw };
}

/** Draws all cases, of equally many logits, in one step whose rows, slots and outputs are in unlike orders. */
async function drawOn(device: Device, cases: readonly SampleCase[]): Promise<Drawn[]> {
  const count = cases.length;
  const size = cases[0]?.logits.length ?? 0;
  const random = new Random(91);
  const slots = random.shuffled(count + 2).slice(0, count + 1);
  const outputs = random.shuffled(count + 1).slice(0, count);
  return await withBench(device, async (bench) => {
    const rows = slots.map((slot) => ({ token: 0, position: 0, slot, blocks: [0] }));
    const draws = cases.map(({ draw }) => draw);
    bench.step(rows, outputs, [], draws);
    const all = new Float32Array(count * size);
    cases.forEach(({ logits }, i) => all.set(logits, i * size));
    const scratchBytes = candidateBytes(size, count);
    const scratch = [bench.empty('scratch 0', scratchBytes), bench.empty('scratch 1', scratchBytes)] as const;
    const sampled = bench.words('sampled', new Uint32Array(count + 2).fill(UNTOUCHED));
    const { dispatches, result } = sample({ logits: bench.floats('logits', all), size, scratch, sampled });
    const words = new Uint32Array((await bench.run(dispatches, count, result)).buffer);
    const drawn = cases.map((_, i) => ({ key: words[2 * i] ?? NaN, id: words[2 * i + 1] ?? NaN }));
    const tokens = Array.from({ length: count + 2 }, () => UNTOUCHED);
    drawn.forEach(({ id }, i) => (tokens[slots[outputs[i] ?? 0] ?? 0] = id));
    expect([...new Uint32Array((await bench.read(sampled)).buffer)]).toEqual(tokens);
    return drawn;
  });
}

/** What argmax makes of them. */
async function chosenOn(device: Device, cases: readonly SampleCase[]): Promise<Drawn[]> {
  const count = cases.length;
  const size = cases[0]?.logits.length ?? 0;
  return await withBench(device, async (bench) => {
    const rows = cases.map((_, slot) => ({ token: 0, position: 0, slot, blocks: [0] }));
    bench.step(
      rows,
      cases.map((_, i) => i),
    );
    const all = new Float32Array(count * size);
    cases.forEach(({ logits }, i) => all.set(logits, i * size));
    const scratchBytes = candidateBytes(size, count);
    const scratch = [bench.empty('scratch 0', scratchBytes), bench.empty('scratch 1', scratchBytes)] as const;
    const sampled = bench.words('sampled', new Uint32Array(count));
    const { dispatches, result } = argmax({ logits: bench.floats('logits', all), size, scratch, sampled });
    const words = new Uint32Array((await bench.run(dispatches, count, result)).buffer);
    return cases.map((_, i) => ({ key: words[2 * i] ?? NaN, id: words[2 * i + 1] ?? NaN }));
  });
}

/** How far the draw is from the nearest place at which another token would come out, as a share of 1. */
function marginOf({ logits }: Candidates, { temperature, topP, minP, unit }: StepInputDraw): number {
  const weights = weigh(logits, logits[0] ?? 0, temperature);
  const sums = runningSums(weights);
  const total = sumOf(weights);
  const distances = [1];
  if (topP < 1) distances.push(...sums.map((sum) => sum / total - topP));
  if (minP > 0) distances.push(...Array.from(weights, (weight) => weight - minP));
  const inNucleus = topP < 1 ? sums.findIndex((sum) => sum >= topP * total) + 1 : weights.length;
  const kept = sums.filter((_, rank) => rank < inNucleus && (weights[rank] ?? 0) >= minP);
  distances.push(...kept.map((sum) => sum / (kept.at(-1) ?? 1) - unit));
  return Math.min(...distances.map(Math.abs));
}

function runningSums(weights: Float64Array): number[] {
  let sum = 0;
  return Array.from(weights, (weight) => (sum += weight));
}

function describeGreedy(deviceOf: DeviceOf): void {
  it.each(VOCABULARIES)('draws from one of %i logits what argmax chooses, ties and NaN among them', async (size) => {
    const random = new Random(7300 + size);
    const draw = { topK: 1, temperature: 1, topP: 1, minP: 0, unit: 0 };
    const cases = Array.from({ length: 60 }, (_, i) => {
      const { logits } = randomCase(random, size, i);
      if (i % 5 === 0) for (const at of [size - 1, size >> 1]) logits[at] = NaN;
      return { logits, draw };
    });
    const drawn = await drawOn(deviceOf(), cases);
    expect(drawn).toEqual(await chosenOn(deviceOf(), cases));
    expect(drawn.filter(({ key }) => key === NAN_KEY)).toHaveLength(12);
  });
}

export function describeSample(deviceOf: DeviceOf): void {
  describe('sample', () => {
    describeGreedy(deviceOf);

    it.each(VOCABULARIES)('draws from %i logits as the chain on the CPU does', async (size) => {
      const random = new Random(900 + size);
      const cases = Array.from({ length: OUTPUT_COUNT }, (_, i) => randomCase(random, size, i));
      const drawn = await drawOn(deviceOf(), cases);
      let held = 0;
      cases.forEach(({ logits, draw }, i) => {
        const best = selectBest(logits, draw.topK);
        if (marginOf(best, draw) < BOUNDARY) return;
        held += 1;
        expect(drawn[i]?.id, JSON.stringify(draw)).toBe(drawFromCandidates(best, draw, draw.unit));
      });
      expect(held).toBeGreaterThan(OUTPUT_COUNT * 0.98);
    });

    it.each([
      ['the greatest numbers', [3.4e38, -3.4e38, 1], {}, [0]],
      ['infinity', [1, Infinity, 2], {}, [1]],
      ['two infinities', [1, Infinity, Infinity, -Infinity], {}, [1, 2]],
      ['minus infinity everywhere', [-Infinity, -Infinity], {}, [0, 1]],
      ['minus infinity beside a number', [-Infinity, -5, -Infinity], {}, [1]],
      ['both zeros', [-0, 0, -200], {}, [0, 1]],
      ['a temperature that f32 does not know', [0.1, 0.2, 0.1], { temperature: 1e-300 }, [1]],
      ['a tiny temperature', [3e38, -3e38, 2e38], { temperature: 1e-30 }, [0]],
      ['a top-p of 0', [1, 1.1, 1], { topP: 0 }, [1]],
      ['a nucleus that ends where a token does', [0, 0, 0, 0], { topP: 0.5 }, [0, 1]],
      ['a min-p of 1', [2, 1, 2], { minP: 1 }, [0, 2]],
      ['fewer logits than top-k', [0, 0, 0], { topK: 64 }, [0, 1, 2]],
      ['subnormals', [1e-45, 0, -1e-45], {}, [0, 1, 2]],
    ] as const)('draws with %s', async (_name, logits, changes, possible) => {
      const cases = Array.from({ length: 24 }, (_, i) => ({
        logits: Float32Array.from(logits),
        draw: { topK: 40, temperature: 1, topP: 1, minP: 0, unit: (i + 0.5) / 24, ...changes },
      }));
      const drawn = await drawOn(deviceOf(), cases);
      expect([...new Set(drawn.map(({ id }) => id))].sort((a, b) => a - b)).toEqual(possible);
      expect(drawn.every(({ key }) => key !== NAN_KEY)).toBe(true);
    });

    it.each([9.5, 12])('draws what is e^-%f as likely as the best', async (below) => {
      const logits = Float32Array.from({ length: 64 }, (_, id) => (id === 0 ? 0 : -below));
      const share = 63 * Math.exp(-below);
      const units = [0.25, 0.5, 0.9].map((part) => 1 - (part * share) / (1 + share));
      const cases = units.map((unit) => ({ logits, draw: { topK: 64, temperature: 1, topP: 1, minP: 0, unit } }));
      const drawn = await drawOn(deviceOf(), cases);
      for (const [i, part] of [0.25, 0.5, 0.9].entries())
        expect(Math.abs((drawn[i]?.id ?? NaN) - 63 * (1 - part)), `${part}`).toBeLessThan(3);
    });

    it('tells of NaN, and takes a token that exists', async () => {
      const logits = Float32Array.of(1, NaN, 2);
      const draw = { topK: 2, temperature: 1, topP: 0.9, minP: 0.05, unit: 0.99 };
      const [drawn] = await drawOn(deviceOf(), [{ logits, draw }]);
      expect(drawn?.key).toBe(NAN_KEY);
      expect(drawn?.id).toBeLessThan(3);
    });
  });
}
