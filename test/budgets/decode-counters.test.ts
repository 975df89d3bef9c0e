import { describe, expect, it } from 'vitest';
import { countersSince, type DeviceCounters } from '../../src/base/counters';
import { blockId } from '../../src/base/ids';
import { ModelRunner } from '../../src/engine/model-runner';
import { parseGguf } from '../../src/gguf/parse';
import type { GgufFile } from '../../src/gguf/types';
import { allocateModel } from '../../src/models/allocate-model';
import { Executor } from '../../src/models/executor';
import { describeNetwork } from '../../src/models/registry';
import { ZOO_MODELS } from '../models/zoo-suite';
import { readJson, smollm2Header } from '../support/model-metadata';
import { RecordingDevice } from '../support/recording-device';
import { readZoo } from '../support/zoo';

/** What a greedily decoded token costs the host. The dispatches are the model's and the shape's; the rest is the same for all. */
interface Budgets {
  readonly everyToken: Readonly<Record<string, number>>;
  readonly dispatches: Readonly<Record<string, Readonly<Record<Variant, number>>>>;
}

const VARIANTS = ['rows', 'subgroup'] as const;
type Variant = (typeof VARIANTS)[number];

const FILE = 'test/budgets/decode-counters.json';
const budgets = readJson(FILE) as Budgets;
/** The real one, of 30 layers, by its header. */
const DEFAULT_MODEL = 'SmolLM2-135M-Instruct';
const MODELS = [DEFAULT_MODEL, ...ZOO_MODELS];
/** Of one quantisation, for which the gates are. */
const LLAMA_SHAPED = [DEFAULT_MODEL, 'llama', 'smollm2', 'llama3-tied-ropefreqs', 'mistral-headdim', 'quant-Q8_0'];

async function fileOf(name: string): Promise<GgufFile> {
  if (name === DEFAULT_MODEL) return smollm2Header();
  const { bytes } = await readZoo(name);
  const parsed = parseGguf(bytes, bytes.byteLength);
  if (parsed.kind !== 'complete') throw new Error('the fixture is cut');
  return parsed.file;
}

/** A model without weights on a device that counts. */
async function allocated(name: string, matvec: Variant, maxConcurrent: number) {
  const device = new RecordingDevice({ subgroups: true });
  const file = await fileOf(name);
  const { weightPlan, weights, prepared } = allocateModel(device, file, describeNetwork(file), {
    contextLength: 64,
    kvType: 'f16',
    maxConcurrent,
    variants: { matvec },
  });
  // No weights come, but the host reads factors of the rotation.
  for (const { name: tensor, length } of weightPlan.hostTensors)
    weights.host.set(tensor, new Float32Array(length).fill(1));
  return { device, executor: new Executor(await prepared) };
}

/** The counters of a token that is decoded once all is warm. */
async function countersOf(name: string, matvec: Variant): Promise<DeviceCounters> {
  const { device, executor } = await allocated(name, matvec, 1);
  const decode = async (position: number): Promise<void> => {
    const rows = [{ token: null, position, slot: 0, blocks: [0], windowBlocks: [0] }];
    await executor.run({ body: 'decode', rows, outputs: [{ row: 0, mode: 'argmax' }] });
  };
  await decode(0);
  const before = device.counters();
  await decode(1);
  return countersSince(device.counters(), before);
}

/** What is wrong with counters: more than the budget, or less than it need be. */
function complaints(counters: Readonly<Record<string, number>>, budget: Readonly<Record<string, number>>): string[] {
  return Object.entries(budget).flatMap(([name, most]) => {
    const { [name]: count = NaN } = counters;
    if (count === most) return [];
    if (count < most) return [`${name}: ${count}, below the budget of ${most}: lower it in ${FILE}, it only goes down`];
    return [`${name}: ${count}, over budget (${most})`];
  });
}

type Mode = 'argmax' | 'sample' | 'logits';

describe('the budget of a decoded token', () => {
  it('has every model', () => {
    expect(Object.keys(budgets.dispatches)).toEqual(MODELS);
  });

  const cases = MODELS.flatMap((name) => VARIANTS.map((variant) => ({ name, variant })));
  it.each(cases)('is what it costs: $name, $variant', async ({ name, variant }) => {
    const dispatches = budgets.dispatches[name]?.[variant] ?? NaN;
    expect(complaints({ ...(await countersOf(name, variant)) }, { ...budgets.everyToken, dispatches })).toEqual([]);
  });

  it.each(LLAMA_SHAPED)('keeps to the gates: %s', async (name) => {
    const { everyToken: token, dispatches } = budgets;
    const { layers } = describeNetwork(await fileOf(name));
    const most = Math.max(...Object.values(dispatches[name] ?? { none: Infinity }));
    expect(most).toBeLessThanOrEqual(6 * layers.length + 4);
    expect([token['submits'], token['passes'], token['bindGroupsCreated'], token['buffersCreated']]).toEqual([
      1, 1, 0, 0,
    ]);
    expect(token['bufferWrites']).toBeLessThanOrEqual(1);
    expect(token['readbackBytes']).toBeLessThanOrEqual(16);
  });

  it('is that of a step of up to 64 requests, whatever they want: what each adds is what is read back for it', async () => {
    const { device, executor } = await allocated('llama', 'rows', 64);
    const runner = new ModelRunner(executor);
    const draw = { topK: 40, temperature: 1, topP: 0.95, minP: 0.05, unit: 0.5 };
    const step = async (modes: readonly Mode[]): Promise<DeviceCounters> => {
      const before = device.counters();
      await runner.submit({
        kind: 'decode',
        rows: modes.map((_, slot) => ({ token: null, position: 0, slot })),
        sequences: modes.map((_, slot) => ({ slot, blocks: [blockId(slot)], windowBlocks: [] })),
        outputs: modes.map((mode, row) => (mode === 'sample' ? { row, mode, draw } : { row, mode })),
      });
      return countersSince(device.counters(), before);
    };
    const { dispatches } = budgets;
    const [greedy, sampled] = [await step(['argmax']), await step(['sample'])];
    expect(greedy.dispatches).toBe(dispatches['llama']?.rows);
    for (const requests of [1, 2, 5, 16, 64]) {
      const readbackBytes = 8 * requests;
      const budget = { ...budgets.everyToken, readbackBytes };
      const all = (mode: Mode): Mode[] => Array.from({ length: requests }, () => mode);
      const cost = { ...(await step(all('argmax'))) };
      expect(complaints(cost, { ...budget, dispatches: greedy.dispatches }), `${requests}`).toEqual([]);
      const mixed = { ...(await step(all('argmax').with(-1, 'sample'))) };
      expect(complaints(mixed, { ...budget, dispatches: sampled.dispatches }), `${requests}`).toEqual([]);
      const withLogits = { ...(await step(all('argmax').with(0, 'logits'))) };
      const whole = {
        dispatches: requests === 1 ? greedy.dispatches - 1 : greedy.dispatches,
        readbackBytes: 4 * executor.limits.vocabularySize + (requests === 1 ? 0 : readbackBytes),
      };
      expect(complaints(withLogits, { ...budget, ...whole }), `${requests}`).toEqual([]);
    }
  });

  it('is told of what costs more, what costs less, and what nobody counted', () => {
    const budget = { dispatches: 14, submits: 1, passes: 1, readbacks: 1 };
    expect(complaints({ dispatches: 15, submits: 0, passes: 1 }, budget)).toEqual([
      'dispatches: 15, over budget (14)',
      `submits: 0, below the budget of 1: lower it in ${FILE}, it only goes down`,
      'readbacks: NaN, over budget (1)',
    ]);
  });
});
