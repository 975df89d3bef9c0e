import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProbeOutcome } from '../engine/run-probe';
import type { AskHip } from './ask-hip';
import { whatHipSays } from './doctor';
import { openModels } from './models';
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
  (wrong: readonly string[], build = 'b1-gfx1100'): AskHip =>
  (task) =>
    Promise.resolve(task === 'device' ? answer({ kind: 'hip', name: NAME, build }) : answer({ Q4_K: wrong, Q8_0: [] }));

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
  it('remembers that a GPU computes rightly, for this build of the kernels alone', async () => {
    const gpus = [{ gfx: 'gfx1100', name: 'AMD Radeon RX 7900 XTX' }];
    const never = { hip: { is: 'asked', gpus }, selfTest: { is: 'never' } };
    expect(await doctor(gpuOf([]))).toEqual(never);
    expect(await test(gpuOf([]))).toEqual({
      code: 0,
      out: `${NAME} computes rightly: every kernel gives what the CPU does.\n`,
      err: `Testing ${NAME} …\n`,
    });
    expect(await doctor(gpuOf([]))).toEqual({ ...never, selfTest: { is: 'passed', device: NAME } });
    expect(await doctor(gpuOf([], 'b2-gfx1100'))).toEqual(never);
    await writeFile(join(folder, 'selftest.json'), '{"device":');
    expect(await doctor(gpuOf([]))).toEqual(never);
  });

  it('remembers what is wrong', async () => {
    const ran = await test(gpuOf(['matvec lanes']));
    expect([ran.code, ran.out]).toEqual([1, `${NAME} computes wrongly, and is not used:\n  matvec lanes (Q4_K)\n`]);
    const { selfTest } = await doctor(gpuOf(['matvec lanes']));
    expect(selfTest).toEqual({ is: 'failed', device: NAME, reason: 'matvec lanes (Q4_K)' });
    expect(JSON.parse((await test(gpuOf(['x']), true)).out)).toMatchObject({ device: NAME, problems: ['x (Q4_K)'] });
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
});
