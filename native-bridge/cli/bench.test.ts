import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../../src/base/counters';
import { statsOf } from '../../test/support/stats';
import type { ProbeOutcome } from '../engine/run-probe';
import { writeDaemonFile } from '../state/daemon-file';
import { chunkFrame } from '../upstream/testing/fake-upstreams';
import type { AskHip } from './ask-hip';
import { benchOn, type BenchReport } from './bench';
import { kernelTimesSince } from './bench-facts';
import { benchMarkdown } from './bench-markdown';
import { openModels } from './models';
import type { CliHost } from './run-cli';
import { BENCH_TIMINGS } from './testing/bench-timings';
import { FakeTerminal } from './testing/fake-terminal';
import { asDaemon, recordOfDaemon } from './testing/run-command';

const NAME = 'AMD Radeon RX 7900 XTX (gfx1100)';
const DEVICE = { name: NAME, features: ['hip', 'gfx1100', 'driver7'], build: 'b1' };
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-bench-'));
  await writeDaemonFile(folder, await recordOfDaemon());
});
afterEach(() => rm(folder, { recursive: true }));

/** A daemon with a model on the device, whose decode steps read 5 GB of weights. */
const daemon = (device: string): typeof fetch =>
  asDaemon((url, init) => {
    const { pathname } = new URL(url instanceof Request ? url.url : url);
    if (init?.method === 'POST') {
      const frames = [chunkFrame({ content: 'x' }), chunkFrame({}, { timings: BENCH_TIMINGS }), 'data: [DONE]\n\n'];
      return Promise.resolve(new Response(frames.join('')));
    }
    const stats = { ...statsOf({}), lastStep: { ...NO_COUNTS, weightBytesRead: 5e9 } };
    const state = { status: 'ready', model: 'tiny.gguf', device };
    return Promise.resolve(
      Response.json(pathname === '/v1/engine/stats' ? stats : { pid: 7, version: '1.2.3', backend: 'engine', state }),
    );
  });

async function bench(device: string, bandwidth: ProbeOutcome, json = true): Promise<string> {
  let out = '';
  const host: CliHost = {
    out: (text) => (out += text),
    err: () => undefined,
    outIsTerminal: false,
    isTerminal: false,
    overwrite: () => undefined,
    terminal: new FakeTerminal(),
    env: { FORGELIGHT_STATE: folder, FORGELIGHT_MODELS: folder },
    signal: new AbortController().signal,
    fetch: daemon(device),
  };
  const ask: AskHip = (task) => Promise.resolve(task === 'device' ? { kind: 'answer', value: DEVICE } : bandwidth);
  await benchOn(ask, { host, models: openModels(host), names: ['tiny.gguf'], options: { json, runs: '1' } });
  return out;
}

describe('the report of forgelight bench', () => {
  it('tells of an AMD GPU what it is, how fast its memory is, and with how much of that weights are read', async () => {
    const measured: ProbeOutcome = { kind: 'answer', value: 800e9 };
    expect(JSON.parse(await bench(`hip: ${NAME}`, measured))).toMatchObject({
      device: `hip: ${NAME}`,
      hip: { ...DEVICE, bandwidth: 800e9 },
      best: { promptPerSecond: 500, predictedPerSecond: 32, bytesPerSecond: 157.5e9, ofBandwidth: 0.196875 },
      kernels: null,
    });
    const text = await bench(`hip: ${NAME}`, measured, false);
    expect(text).toContain(
      '- HIP: hip, gfx1100, driver7; kernels b1\n- memory of the GPU: 800.00 GB/s, of a kernel that adds\n',
    );
    expect(text).toContain(
      'Best: 500.0 tok/s read, 32.0 tok/s written. Weights were read at 157.50 GB/s, 19.7 % of what the memory gave a kernel.\n',
    );
  });

  it('does without what cannot be measured, and asks nothing of other devices', async () => {
    const full: ProbeOutcome = { kind: 'failed', error: { code: 'out-of-memory', message: 'Full.' } };
    const text = await bench(`hip: ${NAME}`, full, false);
    expect(text).toMatch(/- memory of the GPU: not measured\n[^]* Weights were read at 157\.50 GB\/s\.\n/);
    expect(JSON.parse(await bench('reference: CPU reference', full))).toMatchObject({
      hip: null,
      best: { bytesPerSecond: 157.5e9, ofBandwidth: null },
    });
  });

  it('has a table of the kernels that were measured, the longest first', async () => {
    const before = [{ kernel: 'attention.f16', dispatches: 10, gpuMs: 1 }];
    const after = [
      { kernel: 'attention.f16', dispatches: 30, gpuMs: 2 },
      { kernel: 'matvec_lanes.q8_0', dispatches: 20, gpuMs: 3 },
    ];
    const kernels = kernelTimesSince(after, before);
    expect(kernels).toEqual([
      { kernel: 'matvec_lanes.q8_0', dispatches: 20, gpuMs: 3 },
      { kernel: 'attention.f16', dispatches: 20, gpuMs: 1 },
    ]);
    expect(kernelTimesSince(before, before)).toEqual([]);
    const report = JSON.parse(await bench('reference: CPU reference', { kind: 'answer', value: 0 })) as BenchReport;
    const words = benchMarkdown({ ...report, kernels });
    expect(words).toContain('each launch between two events: 4.00 ms together.\n\n| kernel | launches |');
    expect(words).toContain('| matvec_lanes.q8_0 | 20 | 3.00 | 150.0 | 75.0 % |\n| attention.f16 | 20 | 1.00 |');
    expect(benchMarkdown({ ...report, kernels: [] })).toContain('this device does not measure them');
    const named = { ...report, model: 'a\n| 9 | 9 |', device: 'b\n| 8 | 8 |' };
    expect(benchMarkdown(named)).not.toMatch(/^\| [89] \| [89] \|/m);
  });
});
