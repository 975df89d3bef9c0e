import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { openBackend, type OpenedBackend } from '../testing/open-backend';
import { useDaemonsOver } from '../testing/use-daemon';
import { zooStore, type ZooStore } from '../testing/zoo-store';

const MODEL = 'llama-yarn';
let zoo: ZooStore;
let log: OpenedBackend['log'] = [];
beforeAll(async () => {
  zoo = await zooStore([MODEL]);
});
afterAll(() => zoo.remove());

const start = useDaemonsOver(async () => {
  const opened = await openBackend(zoo, { command: join(inject('bundledCommands'), 'falling-engine.js') });
  log = opened.log;
  return opened.backend;
});

it('a request that takes down two devices is given up alone: others go on, in the same process, and later ones are answered', async () => {
  const { url, key, backend } = await start();
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const ask = async (promptTokens: number): Promise<string | undefined> => {
    const prompt = Array.from({ length: promptTokens }, (_, i) => 5 + i);
    const body = { model: `${MODEL}.gguf`, prompt, max_tokens: 20, temperature: 0, logit_bias: { 2: -100 } };
    return (await client.completions.create(body)).choices[0]?.text;
  };
  const solo = await ask(6);
  expect(solo).not.toBe('');
  const [bystander, fatal] = await Promise.allSettled([ask(6), ask(11)]);
  expect(bystander).toEqual({ status: 'fulfilled', value: solo });
  expect(fatal).toMatchObject({
    status: 'rejected',
    reason: { status: 504, code: 'timeout', message: expect.stringContaining('not tried a third time') as string },
  });
  expect(await ask(6)).toBe(solo);
  expect(backend.metrics()).toMatchObject({ engine_restarts_total: 0, engine_requests_live: 0 });
  expect(backend.state()).toMatchObject({ status: 'ready' });
  expect(log.filter((line) => line.includes('process was started'))).toHaveLength(1);
});
