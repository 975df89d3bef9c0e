import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { SMOLLM2 } from '../../test/models/real-model';
import { readRealModel } from '../../test/support/real-models';
import { readZoo } from '../../test/support/zoo';
import type { BenchReport } from '../cli/bench';
import { readSelfTest } from '../state/self-test-file';
import { builtCommand } from '../testing/built-command';
import { runCommand, startServe } from '../testing/serve-process';
import { zooStore, type ZooStore } from '../testing/zoo-store';
import { simulatedComputer } from './testing/simulated-computer';

const TINY = 'llama-yarn';
let zoo: ZooStore;
let env: Readonly<Record<string, string>> = {};
let command = '';

// The whole way, as on a computer with an AMD GPU: the command, its daemon, the engine process, and the kernels on what stands in for the GPU.
beforeAll(async () => {
  const real = readRealModel(SMOLLM2).bytes;
  zoo = await zooStore([TINY], { [SMOLLM2]: real });
  const tiny = (await readZoo(TINY)).bytes;
  const hip = await simulatedComputer(
    join(zoo.folder, 'kernels'),
    [tiny, real].map((bytes) => Uint8Array.from(bytes)),
  );
  env = { ...hip, FORGELIGHT_MODELS: zoo.modelsFolder, FORGELIGHT_STATE: zoo.stateFolder };
  command = await builtCommand();
});
afterAll(() => zoo.remove());

async function complete(model: string, prompt: readonly number[], tokens: number, url: string, key: string) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 300_000 });
  const asked = { model, prompt: [...prompt], max_tokens: tokens, temperature: 0 };
  const { data, response } = await client.completions.create(asked).withResponse();
  return { text: defined(data.choices[0], 'a choice').text, device: response.headers.get('x-forgelight-device') };
}

it('SIGTERM ends the daemon also while the GPU is tested, before it listens', async () => {
  const own = { ...process.env, ...env, FORGELIGHT_STATE: join(zoo.folder, 'stopped') };
  const child = spawn(process.execPath, [command, 'serve', '--port', '0', '--device', 'hip'], { env: own });
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  for await (const chunk of child.stderr) if (String(chunk).includes('Testing the kernels')) break;
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(out).toBe('');
});

it('HIP answers once its self-test has passed, a tiny model and SmolLM2, with the tokens of the CPU', async () => {
  const hip = await startServe({ command, env, args: ['--device', 'hip'] });
  expect(hip.log()).toMatch(/Testing the kernels on /);
  const tested = JSON.parse(await runCommand({ command, env, args: ['selftest', 'Q8_0', '--json'] })) as object;
  expect(tested).toMatchObject({ problems: [], formats: { Q8_0: [], Q4_K: [] } });
  const { key } = JSON.parse(await runCommand({ command, env, args: ['pair', '--key', 'test', '--json'] })) as {
    key: string;
  };
  const prompt = [1, 2, 3];
  const tiny = await complete(`${TINY}.gguf`, prompt, 8, hip.url, key);
  expect(tiny.device).toMatch(/^hip: .*gfx0/);
  const { promptIds, exact } = defined(readRealModel(SMOLLM2).oracle.raw[0], 'a prompt');
  const real = await complete(`${SMOLLM2}.gguf`, promptIds, 2, hip.url, key);
  const authorization = `Bearer ${key}`;
  const fit = await fetch(`${hip.url}/v1/engine/fit?model=sha256:${zoo.hashes[TINY]}`, { headers: { authorization } });
  expect(await fit.json()).toMatchObject({ verdict: 'fits', memoryBudgetBytes: expect.any(Number) as number });
  const response = await fetch(`${hip.url}/v1/engine/detokenize`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ model: `sha256:${zoo.hashes[SMOLLM2]}`, ids: exact.greedyIds.slice(0, 2) }),
  });
  expect(await response.json()).toEqual({ text: real.text });
  hip.child.kill('SIGTERM');
  expect(await hip.exit).toBe(0);
  // What the models have besides was tested when they were loaded, and is remembered.
  expect((await readSelfTest(zoo.stateFolder))?.formats).toMatchObject({ F16: [], Q8_0: [], Q4_K: [] });
  await expectReport();

  const cpu = await startServe({ command, env, args: ['--device', 'reference'] });
  expect((await complete(`${TINY}.gguf`, prompt, 8, cpu.url, key)).text).toBe(tiny.text);
});

/** What somebody can send: of which GPU, with each kernel measured, and nothing of where it lies. */
async function expectReport(): Promise<void> {
  const short = ['--runs', '1', '--tokens', '3', '--words', '3'];
  const args = ['bench', `${TINY}.gguf`, '--device', 'hip', '--profile', ...short, '--json'];
  const text = await runCommand({ command, env, args });
  const report = JSON.parse(text) as BenchReport;
  expect(report).toMatchObject({
    device: 'hip: Simulated GPU 0, wave 32 (gfx0)',
    hip: { features: ['hip', 'gfx0', 'wave32', 'driver60000000'], build: expect.stringMatching(/^[0-9a-f]{16}-sim$/) },
    model: `${TINY}.gguf`,
    runs: [{ predicted_n: expect.any(Number) }],
  });
  expect(report.hip?.bandwidth).toBeGreaterThan(0);
  expect(report.best.ofBandwidth).toBeGreaterThan(0);
  const kernels = report.kernels ?? [];
  expect(kernels.map(({ kernel }) => kernel.split('.')[0])).toEqual(expect.arrayContaining(['attention', 'argmax']));
  expect(kernels.filter(({ gpuMs }) => !(gpuMs > 0))).toEqual([]);
  expect(text).not.toContain(zoo.folder);
}
