import { describe, expect, it } from 'vitest';
import { testLoad, withOverrides } from '../../test/support/load-zoo';
import { readZoo } from '../../test/support/zoo';
import { writeGguf } from '../../test/gguf-writer';
import { ENCODERS } from '../../test/models/embedding-suite';
import { GIB, MIB } from '../base/units';
import { DISPATCH_PARAMS_BYTES, type Plan } from '../device/plan';
import { RecordingDevice } from '../../test/support/recording-device';
import { parseEngineOptions } from '../protocol/engine-options-schema';
import type { FitReport } from '../protocol/fit';
import { blobSource } from '../store/blob-source';
import type { ModelSource } from '../store/source';
import { checkFit, type FitHost } from './check-fit';

const limits = {
  maxBufferBytes: 2 * GIB,
  maxBindingBytes: 2 * GIB,
  subgroups: false,
  packedDot: false,
  shaderF16: false,
};

function reportOf(
  source: ModelSource | Uint8Array<ArrayBuffer>,
  options: Record<string, unknown> = {},
  host: Partial<FitHost> = {},
): Promise<FitReport> {
  const { load } = parseEngineOptions({ model: 'hf:a/b/x.gguf', kvCacheType: 'f32', ...options });
  return checkFit(load, {
    source: source instanceof Uint8Array ? blobSource(new Blob([source])) : source,
    limits,
    memoryBudgetBytes: 8 * GIB,
    dispatchBytes: 0,
    signal: new AbortController().signal,
    ...host,
  });
}

const zoo = async (name: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array((await readZoo(name)).bytes);

const needOf = ({ weightBytes, kvBytes, scratchBytes }: FitReport): number => weightBytes + kvBytes + scratchBytes;

describe('checkFit', () => {
  it.each(['llama', 'gemma3', 'qwen3moe', 'gpt-oss', 'quant-Q4_K_M', ...ENCODERS])(
    'tells the bytes that the engine takes for %s',
    async (name) => {
      const bytes = await zoo(name);
      const engine = await testLoad(bytes).run();
      const report = await reportOf(bytes, {}, { variants: { matvec: 'rows' } });
      expect(needOf(report)).toBe(engine.stats().gpuBytes);
      expect(report).toMatchObject({
        verdict: 'fits',
        purpose: ENCODERS.includes(name) ? 'embedding' : 'text',
        sizeBytes: bytes.length,
        contextLength: engine.info.model.contextLength,
        memoryBudgetBytes: 8 * GIB,
      });
      expect(report.kvBytes).toBeGreaterThan(0);
      expect(report.scratchBytes).toBeGreaterThan(0);
      await engine.close();
    },
  );

  it('tells the bytes that the engine takes with other options', async () => {
    const bytes = await zoo('qwen3');
    const options = { contextLength: 96, maxConcurrent: 3, kvCacheTokens: 400, kvCacheType: 'f16' };
    const engine = await testLoad(bytes, { options }).run();
    const report = await reportOf(bytes, options, { variants: { matvec: 'rows' } });
    expect([needOf(report), report.contextLength]).toEqual([engine.stats().gpuBytes, 96]);
    await engine.close();
  });

  it('counts parameters of dispatches as a GPU keeps them', async () => {
    const bytes = await zoo('llama');
    const device = new RecordingDevice();
    const plans: Plan[] = [];
    const watched = withOverrides(device, {
      prepare: (plan) => {
        // The load gives this one back.
        if (plan.label !== 'warmup') plans.push(plan);
        return device.prepare(plan);
      },
    });
    const variants = { matvec: 'lanes' } as const;
    await testLoad(bytes, { device: watched, options: { debug: { variants } } }).run();
    const dispatches = plans.reduce((sum, plan) => sum + plan.dispatches.length, 0);
    const buffers = [...device.buffers].reduce((sum, { sizeBytes }) => sum + Math.max(4, sizeBytes), 0);
    const report = await reportOf(bytes, {}, { variants, dispatchBytes: DISPATCH_PARAMS_BYTES });
    expect(needOf(report)).toBe(buffers + dispatches * DISPATCH_PARAMS_BYTES);
  });

  it('reads the header only', async () => {
    const small = await zoo('smollm2');
    const large = new Uint8Array(small.length + 8 * MIB);
    large.set(small);
    let readBytes = 0;
    let cancelled = false;
    const source: ModelSource = {
      label: 'x',
      open: async () => ({
        stream: {
          read: async () => {
            const chunk = large.slice(readBytes, readBytes + 10_000);
            readBytes += chunk.length;
            return chunk.length === 0 ? null : chunk;
          },
          cancel: async () => void (cancelled = true),
        },
        sizeBytes: null,
        sha256: null,
        fileName: 'x.gguf',
      }),
    };
    const report = await reportOf(source);
    expect(report).toMatchObject({ verdict: 'fits', sizeBytes: small.length });
    expect(cancelled).toBe(true);
    expect(readBytes).toBeLessThan(300_000);
    expect(readBytes).toBeGreaterThan(0);
  });

  it('finds the largest context that fits', async () => {
    const bytes = await zoo('llama');
    const all = await reportOf(bytes, { contextLength: 2048 });
    expect(all).toMatchObject({ verdict: 'fits', contextLength: 2048, largestContextLength: 2048 });
    const budget = needOf(await reportOf(bytes, { contextLength: 1024 }));
    const shorter = await reportOf(bytes, { contextLength: 2048 }, { memoryBudgetBytes: budget });
    expect(shorter).toMatchObject({ verdict: 'fits-shorter', contextLength: 1024, largestContextLength: 1024 });
    expect(needOf(shorter)).toBe(budget);
    expect(shorter.reason).toMatch(/fits only with a shorter context: it takes .* with a context of 1024 tokens/);
    const one = await reportOf(bytes, { contextLength: 512 }, { memoryBudgetBytes: budget - 1 });
    expect(one).toMatchObject({ verdict: 'fits', contextLength: 512, largestContextLength: 1008 });
  });

  it('says what is too big, and by how much', async () => {
    const bytes = await zoo('llama');
    const report = await reportOf(bytes, {}, { memoryBudgetBytes: 200_000 });
    expect(report).toMatchObject({ verdict: 'too-big', largestContextLength: 0, contextLength: 512 });
    expect(needOf(report)).toBeGreaterThan(200_000);
    expect(report.reason).toMatch(/too big: it takes .* and this device is taken to have about 200.0 kB/);
    const tight = { ...limits, maxBufferBytes: 20_000, maxBindingBytes: 20_000 };
    const beyond = await reportOf(bytes, {}, { limits: tight });
    expect(beyond).toMatchObject({ verdict: 'too-big', largestContextLength: 0 });
    expect(beyond.weightBytes).toBeGreaterThan(100_000);
    expect(beyond.reason).toMatch(/too big for this device: .*20.0 kB/);
  });

  it('knows what no device helps', async () => {
    const file = writeGguf({ metadata: { 'general.architecture': 'mamba9' }, tensors: [] });
    const report = await reportOf(file);
    expect(report).toMatchObject({
      verdict: 'unsupported',
      code: 'unsupported-architecture',
      sizeBytes: file.length,
      weightBytes: 0,
      largestContextLength: 0,
      reason: expect.stringContaining('mamba9'),
    });
  });

  it('passes on what is wrong with file and options', async () => {
    await expect(reportOf(new TextEncoder().encode('no model at all'))).rejects.toMatchObject({ code: 'bad-gguf' });
    const bytes = await zoo('llama');
    await expect(reportOf(bytes, { contextLength: 1_000_000 })).rejects.toMatchObject({ code: 'invalid-request' });
  });
});
