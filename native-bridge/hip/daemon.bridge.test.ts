import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { SMOLLM2 } from '../../test/models/real-model';
import { readRealModel } from '../../test/support/real-models';
import { readZoo } from '../../test/support/zoo';
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

it('HIP answers once its self-test has passed, a tiny model and SmolLM2, with the tokens of the CPU', async () => {
  const hip = await startServe({ command, env, args: ['--device', 'hip'] });
  expect(hip.log()).toMatch(/Testing the kernels on /);
  expect(JSON.parse(await runCommand({ command, env, args: ['selftest', '--json'] }))).toMatchObject({ problems: [] });
  const { key } = JSON.parse(await runCommand({ command, env, args: ['pair', '--key', 'test', '--json'] })) as {
    key: string;
  };
  const prompt = [1, 2, 3];
  const tiny = await complete(`${TINY}.gguf`, prompt, 8, hip.url, key);
  expect(tiny.device).toMatch(/^hip: .*gfx0/);
  const { promptIds, exact } = defined(readRealModel(SMOLLM2).oracle.raw[0], 'a prompt');
  const real = await complete(`${SMOLLM2}.gguf`, promptIds, 2, hip.url, key);
  const response = await fetch(`${hip.url}/v1/engine/detokenize`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: `sha256:${zoo.hashes[SMOLLM2]}`, ids: exact.greedyIds.slice(0, 2) }),
  });
  expect(await response.json()).toEqual({ text: real.text });
  hip.child.kill('SIGTERM');
  expect(await hip.exit).toBe(0);

  const cpu = await startServe({ command, env, args: ['--device', 'reference'] });
  expect((await complete(`${TINY}.gguf`, prompt, 8, cpu.url, key)).text).toBe(tiny.text);
});
