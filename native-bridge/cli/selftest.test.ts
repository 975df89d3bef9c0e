import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpedMachine } from '../doctor/testing/dumped-machine';
import type { ProbeOutcome } from '../engine/run-probe';
import type { AskHip } from './ask-hip';
import { whatHipSays } from './doctor';
import { openModels } from './models';
import { whyNoHip } from './prove-hip';
import type { CliHost } from './run-cli';
import { testOn } from './selftest';
import { FakeTerminal } from './testing/fake-terminal';

const NAME = 'AMD Radeon RX 7900 XTX (gfx1100)';
const answer = (value: unknown): ProbeOutcome => ({ kind: 'answer', value });
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-selftest-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A GPU with kernels of this build, of which some are wrong. */
const gpuOf =
  (problems: readonly string[], build = 'b1', driver = 'driver7'): AskHip =>
  (task) =>
    Promise.resolve(
      answer(task === 'device' ? { kind: 'hip', name: NAME, features: ['gfx1100', driver], build } : problems),
    );

async function test(ask: AskHip, json = false) {
  let [out, err] = ['', ''];
  const host: CliHost = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    isTerminal: false,
    terminal: new FakeTerminal(),
    env: { FORGELIGHT_STATE: folder, FORGELIGHT_MODELS: folder },
    signal: new AbortController().signal,
    fetch: globalThis.fetch,
  };
  const code = await testOn(ask, { host, models: openModels(host), names: [], options: { json } });
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
      out: `${NAME} computes rightly: every kernel gives what the CPU does.\n`,
      err: `Testing ${NAME} …\n`,
    });
    expect(await doctor(gpuOf([]))).toEqual({ ...never, selfTest: { is: 'passed', device: NAME } });
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
    expect(JSON.parse((await test(gpuOf(['x']), true)).out)).toMatchObject({ device: NAME, problems: ['x'] });
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
    const dead: ProbeOutcome = { kind: 'died', why: 'It died.', said: [] };
    expect(await why(() => Promise.resolve(dead))).toMatch(/It died/);
  });
});
