import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TextCompletion } from '../../src/client/types';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import { builtCommand } from '../testing/built-command';
import { zooStore, type ZooStore } from '../testing/zoo-store';
import type { EngineBackend } from '../server/backend';
import { openEngineBackend } from './open-engine-backend';

let zoo: ZooStore;
let command = '';

beforeAll(async () => {
  [zoo, command] = await Promise.all([zooStore(['llama-yarn', 'granite', 'nomic-bert']), builtCommand()]);
});
afterAll(() => zoo.remove());

const native = { signal: new AbortController().signal, asks: 'native' } as const;
const page = { ...native, asks: 'page' } as const;

function backend(): { backend: EngineBackend; log: string[] } {
  const log: string[] = [];
  const made = openEngineBackend({
    command,
    env: process.env,
    store: zoo.store,
    start: { device: 'reference', modelsFolder: zoo.modelsFolder, stateFolder: zoo.stateFolder },
    timeouts: DEFAULT_HOST_TIMEOUTS,
    log: (text, from) => void log.push(`${from}: ${text}`),
  });
  onTestFinished(() => made.close());
  return { backend: made, log };
}

describe('the backend of engine processes', () => {
  it('loads what is asked for, answers whole and in pieces, and names the device', async () => {
    const { backend: made, log } = backend();
    expect(made.state()).toEqual({ status: 'idle' });
    const body = { model: 'llama-yarn.gguf', prompt: [1, 2, 3, 4], max_tokens: 8, temperature: 0 };
    const whole = (await made.complete(body, native)) as TextCompletion;
    expect(whole).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 8 } });
    expect(made.state()).toEqual({ status: 'ready', model: 'llama-yarn.gguf', device: 'reference: CPU reference' });
    const chunks: TextCompletion[] = [];
    const stream = await made.complete({ ...body, model: undefined, stream: true }, page);
    for await (const chunk of stream as AsyncIterable<TextCompletion>) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe(whole.choices[0]?.text);
    expect(made.metrics()).toMatchObject({ engine_loads_total: 1, engine_requests_total: 2, engine_tokens_total: 16 });
    expect(log).toEqual([expect.stringMatching(/^bridge: an engine process was started, with the number \d+$/)]);
  });
});
