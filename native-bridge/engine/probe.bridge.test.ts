import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock as clock } from '../../src/base/system-clock';
import { builtCommand } from '../testing/built-command';
import { runProbe, type ProbeOptions } from './run-probe';

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

  it('holds the kernels against the CPU, those of the formats that are asked for', async () => {
    const asked = { ...options([await builtCommand(), 'probe-process']), formats: ['Q4_0', 'F16'] };
    expect(await runProbe('self-test', asked)).toEqual({ kind: 'answer', value: [] });
  });

  it('says why there is no device', async () => {
    const asked = { ...options([await builtCommand(), 'probe-process']), device: 'hip' as const };
    expect(await runProbe('device', asked)).toMatchObject({
      kind: 'failed',
      error: { code: expect.any(String) as string },
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

  it('has answered when it has, whatever becomes of it then', async () => {
    expect(await runProbe('device', options(bad('late')))).toEqual({ kind: 'answer', value: 5 });
  });
});
