import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpedMachine } from '../doctor/testing/dumped-machine';
import type { ProbeOutcome } from '../engine/run-probe';
import type { AskHip } from './ask-hip';
import { whatHipSays } from './doctor';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { readSelfTest } from '../state/self-test-file';
import { openModels } from './models';
import { whyNoHip } from './prove-hip';
import { guardedHost } from './guarded-host';
import { testOn } from './selftest';
import { FakeTerminal } from './testing/fake-terminal';

const NAME = 'AMD Radeon RX 7900 XTX (gfx1100)';
const answer = (value: unknown): ProbeOutcome => ({ kind: 'answer', value });
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-selftest-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A GPU with kernels of this build, of which some are wrong, and some on weights of a format. */
const gpuOf =
  (
    problems: readonly string[],
    build = 'b1',
    driver = 'driver7',
    wrong: Readonly<Record<string, readonly string[]>> = {},
  ): AskHip =>
  (task, _env, { formats = [], onStep } = {}) => {
    if (task === 'device') {
      return Promise.resolve(answer({ kind: 'hip', name: NAME, features: ['gfx1100', driver], build }));
    }
    const steps = ['glu', ...formats.flatMap((type) => [`embed of ${type}`, `matvec_rows of ${type}`])];
    steps.forEach((what, done) => onStep?.({ what, format: what.split(' of ')[1] ?? null, done, of: steps.length }));
    const found = Object.fromEntries(formats.map((type) => [type, wrong[type] ?? []]));
    return Promise.resolve(answer({ problems, formats: found }));
  };

interface Setup {
  readonly json?: boolean;
  readonly names?: readonly string[];
  readonly isTerminal?: boolean;
  readonly signal?: AbortSignal;
}

async function test(ask: AskHip, { json = false, names = ['Q4_K'], isTerminal = false, signal }: Setup = {}) {
  let [out, err] = ['', ''];
  const host = guardedHost({
    out: (text) => (out += text),
    err: (text) => (err += text),
    outIsTerminal: isTerminal,
    isTerminal,
    terminal: new FakeTerminal(),
    env: { FORGELIGHT_STATE: folder, FORGELIGHT_MODELS: folder },
    signal: signal ?? new AbortController().signal,
    fetch: globalThis.fetch,
  });
  const code = await testOn(ask, { host, models: openModels(host), names, options: { json } });
  return { code, out, err };
}

const doctor = (ask: AskHip) => whatHipSays(ask, { FORGELIGHT_STATE: folder });

describe('forgelight selftest, and what the doctor knows of it', () => {
  it('remembers that a GPU computes rightly, for this driver and this build of the kernels alone', async () => {
    const gpus = [{ gfx: 'gfx1100', name: 'AMD Radeon RX 7900 XTX' }];
    const never = { hip: { is: 'asked', gpus }, selfTest: { is: 'never' } };
    expect(await doctor(gpuOf([]))).toEqual(never);
    expect(await test(gpuOf([]))).toEqual({
      code: 0,
      out: `${NAME} computes rightly: every kernel gives what the CPU does, on 1 block formats.\n`,
      err: `Testing ${NAME} …\n1 of 3  glu\n2 of 3  Q4_K\n`,
    });
    expect(await doctor(gpuOf([]))).toEqual({ ...never, selfTest: { is: 'passed', device: NAME, without: [] } });
    expect(await doctor(gpuOf([], 'b2'))).toEqual(never);
    expect(await doctor(gpuOf([], 'b1', 'driver8'))).toEqual(never);
    await writeFile(join(folder, 'selftest.json'), '{"device":');
    expect(await doctor(gpuOf([]))).toEqual(never);
  });

  it('remembers what is wrong', async () => {
    const ran = await test(gpuOf(['matvec lanes of Q4_K']));
    expect([ran.code, ran.out]).toEqual([1, `${NAME} computes wrongly, and is not used:\n  matvec lanes of Q4_K\n`]);
    const { selfTest } = await doctor(gpuOf(['matvec lanes of Q4_K']));
    expect(selfTest).toEqual({ is: 'failed', device: NAME, reason: 'matvec lanes of Q4_K' });
    const json = JSON.parse((await test(gpuOf(['x']), { json: true })).out) as object;
    expect(json).toEqual({ device: NAME, build: 'b1', problems: ['x'], formats: { Q4_K: [] } });
  });

  it('tells a person the first of many problems and how many more there are, and remembers all', async () => {
    const problems = Array.from({ length: 60 }, (_, i) => `kernel ${i}: other sums`);
    const gpu = gpuOf(problems);
    const { out } = await test(gpu);
    expect(out).toMatch(/^ {2}kernel 9: other sums\n {2}and 50 more, which --json tells\n$/m);
    expect(out).not.toContain('kernel 10');
    const few = 'kernel 0: other sums; kernel 1: other sums; kernel 2: other sums; and 57 more';
    expect((await doctor(gpu)).selfTest).toEqual({ is: 'failed', device: NAME, reason: few });
    expect((await readSelfTest(folder))?.problems).toEqual(problems);
    const proof = { ask: gpuOf(problems, 'b2'), env: { FORGELIGHT_STATE: folder }, onTest: () => undefined };
    expect(await whyNoHip(proof, dumpedMachine('rx-7900-xtx'))).toContain(`(${few}). Install a newer driver`);
    expect(JSON.parse((await test(gpu, { json: true })).out)).toMatchObject({ problems });
  });

  it('tests all block formats, those named alone, and refuses models with those that are wrong', async () => {
    const asked: (readonly string[] | undefined)[] = [];
    const gpu = gpuOf([], 'b1', 'driver7', { IQ1_M: ['embed of IQ1_M: other numbers'] });
    const ask: AskHip = (task, env, options) => {
      if (task === 'self-test') asked.push(options?.formats);
      return gpu(task, env, options);
    };
    const all = await test(ask, { names: [] });
    expect(asked).toEqual([QUANT_FORMATS.map(({ type }) => type)]);
    expect([all.code, all.out]).toEqual([
      1,
      `${NAME} computes wrongly, and models with weights in IQ1_M are refused:\n  embed of IQ1_M: other numbers\n`,
    ]);
    const passed = { is: 'passed', device: NAME, without: ['IQ1_M'] };
    expect((await doctor(ask)).selfTest).toEqual(passed);
    // What is known of others stays.
    expect(await test(ask, { names: ['Q8_0'] })).toMatchObject({ code: 0 });
    expect((await doctor(ask)).selfTest).toEqual(passed);
    await expect(test(ask, { names: ['Q9'] })).rejects.toThrow(/^"Q9" is no block format. There are: F32, F16, /);
  });

  it('writes over one line where somebody looks, and says nothing to programs', async () => {
    const { err } = await test(gpuOf([]), { isTerminal: true });
    expect(err).toContain('\r\u001b[K2 of 3  embed of Q4_K\r\u001b[K3 of 3  matvec_rows of Q4_K\r\u001b[K');
    expect(await test(gpuOf([]), { isTerminal: true, json: true })).toMatchObject({ err: '' });
  });

  it('is ended by Ctrl+C, and has found nothing then', async () => {
    const stop = new AbortController();
    const ask: AskHip = (task, env, options) => {
      if (task === 'device') return gpuOf([])(task, env, options);
      expect(options?.signal).toBe(stop.signal);
      stop.abort(new Error('Stopped by SIGINT.'));
      return Promise.resolve({ kind: 'died', why: 'The probe was stopped while testing glu.', said: [] });
    };
    await expect(test(ask, { signal: stop.signal })).rejects.toThrow('Stopped by SIGINT.');
    expect((await doctor(gpuOf([]))).selfTest).toEqual({ is: 'never' });
  });

  it.each<[ProbeOutcome, string]>([
    [{ kind: 'failed', error: { code: 'no-adapter', message: 'No runtime.' } }, 'No runtime.'],
    [
      { kind: 'died', why: 'The probe was ended by SIGABRT while opening hip.', said: ['abort'] },
      'SIGABRT while opening hip.\nabort',
    ],
  ])('tells why HIP does not start: %j', async (outcome, words) => {
    const ask: AskHip = () => Promise.resolve(outcome);
    await expect(test(ask)).rejects.toThrow(words);
    expect(await doctor(ask)).toMatchObject({
      hip: { is: 'failed', reason: expect.stringContaining(words) as string },
    });
  });

  it('lets HIP answer where there is a GPU that passes, tested once, and says why not elsewhere', async () => {
    const tested: string[] = [];
    const why = (ask: AskHip, name = 'rx-7900-xtx', platform: NodeJS.Platform = 'linux') => {
      const env = { FORGELIGHT_STATE: folder };
      const proof = { ask, env, onTest: (device: string) => void tested.push(device) };
      return whyNoHip(proof, { ...dumpedMachine(name, env), platform });
    };
    const nobody: AskHip = () => Promise.reject(new Error('Nobody is asked.'));
    expect(await why(nobody, 'no-amd-gpu')).toBe('There is no AMD GPU.');
    expect(await why(nobody, 'rx-7900-xtx', 'darwin')).toMatch(/Windows alone/);
    expect(await why(gpuOf(['matvec lanes of Q4_K']))).toMatch(/computes wrongly.*matvec lanes of Q4_K/);
    expect(await why(gpuOf([]))).toMatch(/computes wrongly/); // as it is remembered
    expect(tested).toEqual([NAME]);
    expect(await why(gpuOf([], 'b2'))).toBeNull();
    expect(await why(gpuOf(['x'], 'b2'))).toBeNull();
    expect(tested).toEqual([NAME, NAME]);
    expect(await why(gpuOf([], 'b2'), 'wsl')).toBeNull(); // a GPU of Windows, which is on no bus of this Linux
    const dead: ProbeOutcome = { kind: 'died', why: 'It died.', said: [] };
    expect(await why(() => Promise.resolve(dead))).toMatch(/It died/);
  });
});
