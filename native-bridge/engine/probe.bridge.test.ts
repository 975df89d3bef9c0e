import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '../../src/base/system-clock';
import { builtCommand } from '../testing/built-command';
import { runProbe, type ProbeOptions, type ProbeStep } from './run-probe';

const bad = (manner: string): string[] => [join(import.meta.dirname, '../testing/misbehaving-child.mjs'), manner];

function options(args: readonly string[]): ProbeOptions {
  return { args, device: 'reference', env: process.env, clock, timeoutMs: 60_000 };
}

describe('a probe', () => {
  it('says what the device is', async () => {
    expect(await runProbe('device', options([await builtCommand(), 'probe-process']))).toEqual({
      kind: 'answer',
      value: { kind: 'reference', name: 'CPU reference', features: [], build: 'reference' },
    });
  });

  it('holds the kernels against the CPU, with the formats that are asked for, and tells how far it is', async () => {
    const steps: ProbeStep[] = [];
    const asked = { ...options([await builtCommand(), 'probe-process']), formats: ['F16'] };
    const value = { problems: [], formats: { F16: [], Q4_K: [], Q8_0: [] } };
    expect(await runProbe('self-test', { ...asked, onStep: (step) => void steps.push(step) })).toEqual({
      kind: 'answer',
      value,
    });
    expect(steps.map(({ done }) => done)).toEqual(steps.map((_, i) => i));
    expect(new Set(steps.map(({ format }) => format))).toEqual(new Set([null, 'F16', 'Q8_0', 'Q4_K']));
    expect(steps[0]).toEqual({ what: 'rmsnorm', format: null, done: 0, of: steps.length });
  });

  it('that is stopped ends at once, and says in what', async () => {
    const stop = new AbortController();
    const asked = { ...options([await builtCommand(), 'probe-process']), signal: stop.signal };
    const outcome = await runProbe('self-test', { ...asked, onStep: () => stop.abort() });
    expect(outcome).toEqual({ kind: 'died', why: 'The probe was stopped while testing rmsnorm.', said: [] });
  });

  it('says why there is no device', async () => {
    const env = { ...process.env, FORGELIGHT_HIP_KERNELS: '/nowhere' };
    const asked = { ...options([await builtCommand(), 'probe-process']), device: 'hip' as const, env };
    expect(await runProbe('device', asked)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'missing-feature',
        message: expect.stringMatching(/ has no kernels for AMD GPUs\..*: node scripts\/hip\.mjs\. /) as string,
      },
    });
  });

  it('may be ended by what it does: that is its outcome, with what it was about to do', async () => {
    expect(await runProbe('device', options(bad('aborting')))).toEqual({
      kind: 'died',
      why: 'The probe was ended by SIGABRT while compiling for gfx906.',
      said: expect.arrayContaining(['LLVM ERROR: unknown target']) as string[],
    });
  });

  it('that does not come back is killed', async () => {
    expect(await runProbe('device', { ...options(bad('sleeping')), timeoutMs: 1500 })).toMatchObject({
      kind: 'died',
      why: expect.stringMatching(/^The probe took longer than 1500 ms while /) as string,
    });
  });

  it('that nobody waits for any more is killed at once', async () => {
    const stop = new AbortController();
    const asked = runProbe('device', { ...options(bad('sleeping')), signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    expect(await asked).toMatchObject({ why: expect.stringMatching(/^The probe was stopped while /) as string });
    const early = { ...options(bad('sleeping')), signal: AbortSignal.abort() };
    expect(await runProbe('device', early)).toMatchObject({ kind: 'died' });
  });

  it('knows no secrets', async () => {
    const env = { ...process.env, HF_TOKEN: 'hf_secret', FORGELIGHT_UPSTREAM_KEY: 'secret', SEEN: 'yes' };
    expect(await runProbe('device', { ...options(bad('environment')), env })).toEqual({
      kind: 'answer',
      value: ['SEEN'],
    });
  });

  it('loses nothing of what it tells, however much that is', async () => {
    const steps: ProbeStep[] = [];
    const outcome = await runProbe('self-test', {
      ...options(bad('thorough')),
      onStep: (step) => void steps.push(step),
    });
    const value = Array.from({ length: 600 }, (_, i) => `kernel ${i}: other sums than the CPU’s`);
    expect(outcome).toEqual({ kind: 'answer', value });
    expect(steps.map(({ done }) => done)).toEqual(value.map((_, i) => i));
  });

  it('has answered when it has, whatever becomes of it then', async () => {
    expect(await runProbe('device', options(bad('late')))).toEqual({ kind: 'answer', value: 5 });
  });
});
