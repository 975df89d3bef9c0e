import { beforeAll, describe, expect, it } from 'vitest';
import { ask, idsOf, tokensOf } from '../../test/support/ask';
import { testLoad } from '../../test/support/load-zoo';
import { LAST_BITS, memoryCache, PosingAdapter, type Posed } from '../../test/support/posing-adapter';
import { readZoo } from '../../test/support/zoo';
import type { ZooReference } from '../../test/models/zoo-suite';
import type { DeviceLoss } from '../device/device';
import type { HostRequest } from '../protocol/engine-port';
import type { HostedEngine } from './hosted-engine';

let bytes: Uint8Array<ArrayBuffer>;
let reference: ZooReference;
beforeAll(async () => {
  const zoo = await readZoo('llama');
  bytes = new Uint8Array(zoo.bytes);
  reference = zoo.reference;
});

/** The fastest variants, were they right. */
const ms = { matvec_lanes: 1 };

/** An engine on an adapter; `cache` outlives it. */
async function load(
  posed: Posed,
  cache = memoryCache(),
  maxConcurrent = 8,
): Promise<{ engine: HostedEngine; adapter: PosingAdapter }> {
  const adapter = new PosingAdapter({ ms, ...posed });
  const { device, clock } = adapter;
  const given = { device, clock, options: { maxConcurrent }, host: { variantCache: cache } };
  return { engine: await testLoad(bytes, given).run(), adapter };
}

const isSelfTest = (label: string): boolean => label === 'selftest';
const isModel = (label: string): boolean => label !== 'selftest' && label !== 'probe';

/** The ids of p40's greedy answer. */
async function answer(engine: HostedEngine): Promise<number[]> {
  const { prompts, exact } = reference;
  return idsOf(
    await ask(engine, {
      kind: 'completion',
      body: { prompt: prompts.p40, max_tokens: exact.greedy24.length, temperature: 0 },
    }),
  );
}

/** Requests that differ, with the logprobs of their tokens: these show every bit. */
const requests: readonly HostRequest[] = Array.from({ length: 8 }, (_, i) => ({
  kind: 'completion',
  body: { prompt: [7, 9 + i, 11], max_tokens: 10, temperature: 1, seed: i, logprobs: 2 },
}));

describe('a load on an adapter with a wrong variant', () => {
  it('leaves that out, says so, and answers as the oracle does', { timeout: 60_000 }, async () => {
    const { engine, adapter } = await load({ factor: ({ shader }) => (shader === 'matvec_lanes' ? 1.001 : 1) });
    expect(engine.stats().variants).toEqual({ matvec: 'rows' });
    expect(engine.info.notes).toContainEqual(expect.stringMatching(/computes wrongly with the kernel matvec_lanes/));
    expect(await answer(engine)).toEqual(reference.exact.greedy24);
    const shaders = adapter.ran(isModel).map(({ shader }) => shader);
    expect(shaders).not.toContain('matvec_lanes');
    expect(shaders).toContain('matvec_rows');
    await engine.close();
  });

  it('takes it where it is forced, untested', async () => {
    const adapter = new PosingAdapter({ factor: ({ shader }) => (shader === 'matvec_lanes' ? NaN : 1) });
    const { device, clock } = adapter;
    const options = { debug: { variants: { matvec: 'lanes' } } };
    const engine = await testLoad(bytes, { device, clock, options }).run();
    expect(engine.stats().variants.matvec).toBe('lanes');
    expect(adapter.ran(isSelfTest)).toEqual([]);
    await engine.close();
  });

  it('is refused by name when all are wrong, and leaves nothing behind', async () => {
    const adapter = new PosingAdapter({ factor: () => 1.001 });
    const { device, clock } = adapter;
    const loading = testLoad(bytes, { device, clock }).run();
    await expect(loading).rejects.toMatchObject({
      code: 'missing-feature',
      message: expect.stringContaining('posing'),
    });
    expect(adapter.base.allocatedBytes()).toBe(0);
  });
});

describe('a load on an adapter whose width 8 gives other last bits', () => {
  it('never uses it: answers together are those alone', { timeout: 60_000 }, async () => {
    const posed: Posed = { factor: ({ constants }) => (constants.BATCH === 8 ? LAST_BITS : 1) };
    const { engine, adapter } = await load(posed, memoryCache(), 16);
    expect(engine.info.notes).toContainEqual(expect.stringContaining('8 rows at once'));
    const alone: unknown[] = [];
    for (const request of requests) alone.push(tokensOf(await ask(engine, request)).map(({ logprob }) => logprob));
    const together = await Promise.all(requests.map((request) => ask(engine, request)));
    expect(together.map((events) => tokensOf(events).map(({ logprob }) => logprob))).toEqual(alone);
    const widths = new Set(adapter.ran(isModel).map(({ constants }) => constants.BATCH));
    expect([...widths].filter((width) => width !== undefined)).toEqual([1, 2, 4, 16]);
    // Eight rows ran together, in a batch that is wider than they need.
    expect(adapter.ran((label) => label === 'decode.16')).not.toEqual([]);
    await engine.close();
  });
});

describe('a second load on the same adapter', () => {
  it('tests and measures nothing, and says the same', { timeout: 60_000 }, async () => {
    const cache = memoryCache();
    const posed: Posed = { factor: ({ shader }) => (shader === 'matvec_lanes' ? 1.001 : 1) };
    const first = await load(posed, cache);
    expect(first.adapter.ran(isSelfTest).length).toBeGreaterThan(0);
    const second = await load(posed, cache);
    expect(second.adapter.ran((label) => !isModel(label))).toEqual([]);
    expect(second.engine.info).toEqual(first.engine.info);
    await Promise.all([first.engine.close(), second.engine.close()]);
  });

  it('tests anew where what was kept has no self-test', { timeout: 60_000 }, async () => {
    const cache = memoryCache();
    const first = await load({}, cache);
    for (const key of cache.entries.keys()) cache.entries.set(key, { matvec: 'lanes' });
    const second = await load({ factor: ({ shader }) => (shader === 'matvec_lanes' ? 1.001 : 1) }, cache);
    expect(second.engine.stats().variants.matvec).toBe('rows');
    await Promise.all([first.engine.close(), second.engine.close()]);
  });

  it('after the loss of the device keeps the variants without asking anything', { timeout: 60_000 }, async () => {
    // A cache that forgets: what is kept must come from the model that was there.
    const posed: Posed = { ms, factor: ({ constants }) => (constants.BATCH === 8 ? LAST_BITS : 1) };
    const adapters = [new PosingAdapter(posed), new PosingAdapter({ ...posed, ms: { matvec_rows: 1 } })];
    let lose: (loss: DeviceLoss) => void = () => undefined;
    const lost = new Promise<DeviceLoss>((resolve) => (lose = resolve));
    let opened = 0;
    const openDevice = async () => {
      const adapter = adapters[opened++];
      if (adapter === undefined) throw new Error('two devices are enough');
      return opened === 1 ? Object.assign(adapter.device, { lost }) : adapter.device;
    };
    const engine = await testLoad(bytes, { host: { openDevice } }).run();
    const before = engine.info;
    const variants = engine.stats().variants;
    const restored = new Promise<void>((resolve) =>
      engine.watch(({ type }) => {
        if (type === 'restored') resolve();
      }),
    );
    lose({ reason: 'unknown', message: 'the driver fell over' });
    await restored;
    expect(opened).toBe(2);
    expect(adapters[1]?.ran((label) => !isModel(label))).toEqual([]);
    expect(engine.stats().variants).toEqual(variants);
    expect(engine.info).toEqual(before);
    expect(engine.info.notes).toContainEqual(expect.stringContaining('8 rows at once'));
    await engine.close();
  });
});
