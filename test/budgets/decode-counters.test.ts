import { describe, expect, it } from 'vitest';
import { countersSince, type DeviceCounters } from '../../src/base/counters';
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

/** The counters of a token that is decoded once all is warm. */
async function countersOf(name: string, matvec: Variant): Promise<DeviceCounters> {
  const device = new RecordingDevice({ subgroups: true });
  const file = await fileOf(name);
  const { weightPlan, weights, prepared } = allocateModel(device, file, describeNetwork(file), {
    contextLength: 64,
    kvType: 'f16',
    maxConcurrent: 1,
    variants: { matvec, matmul: 'tile' },
  });
  // No weights come, but the host reads factors of the rotation.
  for (const { name: tensor, length } of weightPlan.hostTensors)
    weights.host.set(tensor, new Float32Array(length).fill(1));
  const executor = new Executor(await prepared);
  const decode = async (position: number): Promise<void> => {
    const rows = [{ token: null, position, slot: 0, blocks: [0], windowBlocks: [0] }];
    await executor.run({ body: 'decode', rows, outputs: [0], mode: 'argmax' });
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

  it('is told of what costs more, what costs less, and what nobody counted', () => {
    const budget = { dispatches: 14, submits: 1, passes: 1, readbacks: 1 };
    expect(complaints({ dispatches: 15, submits: 0, passes: 1 }, budget)).toEqual([
      'dispatches: 15, over budget (14)',
      `submits: 0, below the budget of 1: lower it in ${FILE}, it only goes down`,
      'readbacks: NaN, over budget (1)',
    ]);
  });
});
