import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time';
import { createSampler, type Sampler } from './chain';
import { drawFromCandidates } from './draw';
import { applyPenalties } from './penalties';
import { randomUnit } from './random';
import { selectBest } from './top-k';
import type { SamplingOptions } from './types';

const base: SamplingOptions = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repeatPenalty: 1,
  repeatLastN: 64,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  seed: 1,
  topLogprobs: null,
};

const NOTHING = { repeat: NaN, presence: NaN, frequency: NaN };
const DEVICE = { topK: 64 };

function samplerOf(options: SamplingOptions, device = DEVICE): Sampler {
  return createSampler(options, device);
}

const logits = (length: number): fc.Arbitrary<Float32Array> =>
  fc
    .array(
      fc.oneof(fc.float({ noNaN: true, min: -30, max: 30 }), fc.integer({ min: -3, max: 3 }), fc.constant(-Infinity)),
      {
        minLength: length,
        maxLength: length,
      },
    )
    .map((values) => Float32Array.from(values));

const truncations = fc.record({
  temperature: fc.double({ min: 0.05, max: 2, noNaN: true }),
  topP: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  minP: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
  seed: fc.integer({ min: 0, max: 0xffffffff }),
});

/** The chain as a definition: probabilities of the tokens that stay, by full sorts over plain objects. */
function distribution(raw: Float32Array, options: SamplingOptions): Map<number, number> {
  const sorted = Array.from(raw, (logit, id) => ({ id, logit })).sort((a, b) => b.logit - a.logit || a.id - b.id);
  const head = options.topK === 0 ? sorted : sorted.slice(0, options.topK);
  const max = head[0]?.logit ?? 0;
  const odds = head.map(({ id, logit }) => ({ id, odds: Math.exp((logit - max) / options.temperature) }));
  const total = odds.reduce((sum, entry) => sum + entry.odds, 0);
  let before = 0;
  const kept = odds.filter((entry, rank) => {
    const inNucleus = options.topP === 1 || rank === 0 || before < options.topP * total;
    before += entry.odds;
    return inNucleus && entry.odds >= options.minP;
  });
  const mass = kept.reduce((sum, entry) => sum + entry.odds, 0);
  return new Map(kept.map((entry) => [entry.id, entry.odds / mass]));
}

describe('the chain', () => {
  it('draws only what the definition keeps, in the order of the definition', () => {
    fc.assert(
      fc.property(logits(300), truncations, fc.integer({ min: 1, max: 80 }), (raw, truncation, topK) => {
        fc.pre(raw.some((logit) => logit > -Infinity));
        const options = { ...base, ...truncation, topK };
        const shares = [...distribution(raw, options)];
        const unit = randomUnit(options.seed, 5);
        const chosen: number = samplerOf(options).sampleLogits(raw, [], 5).tokenId;
        const at = shares.findIndex(([id]) => id === chosen);
        const below = shares.slice(0, at).reduce((sum, [, share]) => sum + share, 0);
        const share = shares[at]?.[1] ?? 0;
        expect(at).not.toBe(-1);
        expect(unit).toBeGreaterThanOrEqual(below - 1e-9);
        expect(unit).toBeLessThan(below + share + 1e-9);
      }),
      { seed: 21, numRuns: 300 },
    );
  });

  it('hands a draw to the device that gives the same token as all logits do', () => {
    const cases = fc.tuple(logits(400), truncations, fc.integer({ min: 1, max: 64 }), fc.nat(1000));
    fc.assert(
      fc.property(cases, ([raw, truncation, topK, index]) => {
        const sampler = samplerOf({ ...base, ...truncation, topK });
        expect(sampler.mode).toBe('sample');
        const draw = sampler.draw(index);
        expect(draw.unit).toBe(randomUnit(truncation.seed, index));
        const drawn = drawFromCandidates(selectBest(raw, draw.topK), draw, draw.unit);
        expect(drawn).toBe(sampler.sampleLogits(raw, [], index).tokenId);
      }),
      { seed: 22, numRuns: 300 },
    );
  });

  it('hands penalties to the device that look at as many tokens', () => {
    const cases = fc.record({
      raw: logits(20),
      history: fc.array(fc.nat(19), { minLength: 1, maxLength: 12 }),
      repeatLastN: fc.integer({ min: 1, max: 14 }),
      repeatPenalty: fc.double({ min: 0.5, max: 2, noNaN: true }),
      frequencyPenalty: fc.double({ min: -2, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ raw, history, ...changes }) => {
        const options = { ...base, presencePenalty: 0.5, topK: 5, ...changes };
        const sampler = samplerOf(options);
        const penalties = sampler.penalties(history.length - 1);
        const tokens = history.slice(-options.repeatLastN);
        expect(penalties?.tokens).toBe(tokens.length);
        const { repeat: repeatPenalty, frequency: frequencyPenalty, presence: presencePenalty } = penalties ?? NOTHING;
        const adjusted = raw.slice();
        applyPenalties(adjusted, tokens, { repeatPenalty, presencePenalty, frequencyPenalty, repeatLastN: 99 });
        const draw = sampler.draw(3);
        const drawn = drawFromCandidates(selectBest(adjusted, draw.topK), draw, draw.unit);
        expect(drawn).toBe(sampler.sampleLogits(raw, history, 3).tokenId);
      }),
      { seed: 24, numRuns: 300 },
    );
    expect(samplerOf(base).penalties(1)).toBeNull();
  });

  it('hands no draw to a device that does not draw', () => {
    expect(() => samplerOf({ ...base, temperature: 0 }).draw(0)).toThrow('not drawn on the device');
  });

  it.each([
    ['nothing is cut', {}],
    ['top-k cuts', { topK: 5 }],
    ['top-p cuts', { topP: 0.7 }],
    ['min-p cuts', { minP: 0.1 }],
    ['all cut, at temperature 0.7', { topK: 8, topP: 0.95, minP: 0.05, temperature: 0.7 }],
  ])('draws with the right frequencies when %s', (_name, changes) => {
    const raw = Float32Array.from({ length: 20 }, (_, id) => Math.cos(id * 1.7) * 2);
    const options = { ...base, ...changes, seed: 1234 };
    const sampler = samplerOf(options);
    const draws = 20_000;
    const counts = new Map<number, number>();
    for (let index = 0; index < draws; index += 1) {
      const id: number = sampler.sampleLogits(raw, [], index).tokenId;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const expected = distribution(raw, options);
    for (const id of counts.keys()) expect(expected.has(id)).toBe(true);
    const chiSquare = [...expected].reduce(
      (sum, [id, p]) => sum + ((counts.get(id) ?? 0) - p * draws) ** 2 / (p * draws),
      0,
    );
    expect(chiSquare).toBeLessThan(50); // at most 19 degrees of freedom: p < 0.0002 above
  });

  it('applies bias and penalties before everything else, and leaves the logits alone', () => {
    const raw = new Float32Array([3, 2, 1]);
    const pick = (changes: Partial<SamplingOptions>, history: number[] = []): number =>
      samplerOf({ ...base, temperature: 0, ...changes }).sampleLogits(raw, history, 0).tokenId;
    expect(pick({})).toBe(0);
    expect(pick({ logitBias: [[2, 5]] })).toBe(2);
    expect(pick({ repeatPenalty: 4 }, [0])).toBe(1);
    expect(pick({ presencePenalty: 1.5 }, [0])).toBe(1);
    expect(pick({ frequencyPenalty: 1.5 }, [0, 1, 1])).toBe(0);
    expect(pick({ topK: 1, temperature: 1, logitBias: [[2, 5]] })).toBe(2);
    expect([...raw]).toEqual([3, 2, 1]);
  });

  it('asks the device for no more than it needs', () => {
    const mode = (changes: Partial<SamplingOptions>, device?: Partial<typeof DEVICE>): string =>
      samplerOf({ ...base, ...changes }, { ...DEVICE, ...device }).mode;
    expect(mode({ temperature: 0 })).toBe('argmax');
    expect(mode({ temperature: 0, topK: 500 })).toBe('argmax');
    expect(mode({ temperature: 0, topLogprobs: 0 })).toBe('logits');
    expect(mode({ temperature: 0, repeatPenalty: 1.1 })).toBe('argmax');
    expect(mode({ topK: 1 })).toBe('sample');
    expect(mode({ topK: 64 })).toBe('sample');
    expect(mode({ topK: 65 })).toBe('logits');
    expect(mode({ topK: 33 }, { topK: 32 })).toBe('logits');
    expect(mode({ topK: 0 })).toBe('logits');
    expect(mode({ topK: 0, topP: 0.9 })).toBe('logits');
    expect(mode({ topK: 40, presencePenalty: 1 })).toBe('sample');
    expect(mode({ topK: 40, presencePenalty: 1, repeatLastN: 2 ** 31 - 1 })).toBe('sample');
    expect(mode({ topK: 40, logitBias: [[1, 1]] })).toBe('logits');
    expect(mode({ topK: 40, topLogprobs: 2 })).toBe('logits');
  });

  it('survives extremes', () => {
    const pick = (raw: number[], changes: Partial<SamplingOptions>): number =>
      samplerOf({ ...base, ...changes }).sampleLogits(new Float32Array(raw), [], 3).tokenId;
    expect(pick([7], {})).toBe(0);
    expect(pick([3.4e38, -3.4e38], {})).toBe(0);
    expect(pick([-Infinity, 1, -Infinity], {})).toBe(1);
    expect(pick([1, 2, Infinity], { topP: 0.5 })).toBe(2);
    expect([0, 1]).toContain(pick([-Infinity, -Infinity], { topP: 0.9 }));
    expect(pick([0.1, 0.2], { temperature: 1e-300 })).toBe(1);
    expect(pick([1, 1, 1, 1], { temperature: 0 })).toBe(0);
    expect(pick([1, 1, 1, 1], { topK: 1 })).toBe(0);
    expect(() => pick([1, NaN], {})).toThrow(expect.objectContaining({ code: 'corrupt-model' }));
  });

  it.each([
    ['peaked', (id: number) => Math.sin(id) * 20],
    ['flat', () => 1],
  ])('stays fast over 262,144 %s logits', (_name, logitOf) => {
    const raw = Float32Array.from({ length: 262_144 }, (_, id) => logitOf(id));
    const start = cpuMs();
    for (const changes of [
      {},
      { topK: 40 },
      { topP: 0.95 },
      { minP: 0.05 },
      { topLogprobs: 20 },
      { repeatPenalty: 1.1 },
    ]) {
      samplerOf({ ...base, ...changes }).sampleLogits(raw, [1, 2, 3], 0);
    }
    expect(cpuMs() - start).toBeLessThan(3000); // about a tenth of that
  });
});

describe('logprobs', () => {
  it('is the log-softmax of the raw logits, whatever the sampling', () => {
    fc.assert(
      fc.property(logits(30), fc.integer({ min: 0, max: 20 }), (raw, topLogprobs) => {
        fc.pre(raw.some((logit) => logit > -Infinity));
        const options = { ...base, temperature: 0.3, topK: 2, logitBias: [[3, 50]] as const, topLogprobs };
        const { tokenId, logprob } = samplerOf(options).sampleLogits(raw, [], 0);
        const finite = Array.from(raw, (logit) => Math.exp(logit - 30));
        const expected = (id: number): number => Math.log((finite[id] ?? 0) / finite.reduce((a, b) => a + b, 0));
        expect(logprob?.tokenId).toBe(tokenId);
        expect(logprob?.top).toHaveLength(topLogprobs);
        for (const entry of [...(logprob?.top ?? []), { tokenId, logprob: logprob?.logprob ?? NaN }]) {
          const wanted = expected(entry.tokenId);
          if (wanted === -Infinity) expect(entry.logprob).toBe(-Infinity);
          else expect(entry.logprob).toBeCloseTo(wanted, 4);
        }
        const ranked = (logprob?.top ?? []).map((entry) => entry.logprob);
        expect(ranked).toEqual([...ranked].sort((a, b) => b - a));
      }),
      { seed: 23 },
    );
  });
});
