import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { realModelPath } from '../../test/support/real-models';
import { systemClock } from '../../src/base/system-clock';
import type { ChatCompletion, ChatCompletionChunk } from '../../src/client/types';
import { serverSentEvents } from '../../src/protocol/server-sent-events';
import { daemonUrl } from '../state/ask-daemon';
import { findDaemon } from '../state/daemon-file';
import { builtCommand } from '../testing/built-command';
import { startLlamaServer, type LlamaServer } from '../testing/llama-server';
import { startCommand } from '../testing/start-command';
import { UpstreamBackend } from './upstream-backend';
import { upstreamAddress } from './upstream-url';

const KEY = 'sk-of-this-test';
/** Tokens: many seconds of work. */
const ENDLESS = 900;
const NOBODY = 'http://127.0.0.1:9';
const ASK = {
  messages: [{ role: 'user', content: 'Hi' }],
  temperature: 0,
};
let server: LlamaServer;
const backends: UpstreamBackend[] = [];

beforeAll(async () => {
  server = await startLlamaServer(realModelPath('SmolLM2-135M-Instruct.Q4_1'), KEY);
}, 120_000);
afterAll(async () => {
  await Promise.all(backends.map((backend) => backend.close()));
  await server.stop();
});

function backendOf(key = KEY, ...urls: readonly string[]): UpstreamBackend {
  const backend = new UpstreamBackend({
    addresses: (urls.length === 0 ? [server.url] : urls).map(upstreamAddress),
    key,
    clock: systemClock,
    fetch: globalThis.fetch,
    random: Math.random,
  });
  backends.push(backend);
  return backend;
}

const options = (signal = new AbortController().signal) => ({ signal, asks: 'page' as const });

interface Slot {
  readonly is_processing: boolean;
  /** What lies in it, of the prompt and the answer so far. */
  readonly n_prompt_tokens: number;
}

async function slot(): Promise<Slot> {
  const answer = await fetch(`${server.url}/slots`, { headers: { authorization: `Bearer ${KEY}` } });
  const [only] = (await answer.json()) as Slot[];
  if (only === undefined) throw new Error('There is no slot.');
  return only;
}

const slotIsBusy = async () => (await slot()).is_processing;

/** It is free, long before the answer would have been whole. */
async function expectSlotToGetFree(): Promise<void> {
  // Where nothing streams, it looks once a second whether somebody listens, and any other request begins that second anew.
  await expect.poll(slotIsBusy, { timeout: 20_000, interval: 2_500 }).toBe(false);
  expect((await slot()).n_prompt_tokens).toBeLessThan(ENDLESS);
}

const textOf = (chunk: ChatCompletionChunk | undefined) => chunk?.choices[0]?.delta.content ?? '';

describe("UpstreamBackend on llama.cpp's own server", () => {
  it('lists its model, and streams what it answers at once', async () => {
    const backend = backendOf();
    expect(await backend.models()).toEqual([{ id: 'smol', sha256: null, sizeBytes: null, isLoaded: true }]);
    expect(backend.state()).toEqual({ status: 'ready', model: 'smol', device: `upstream: ${server.url}` });
    const body = { ...ASK, model: 'smol', max_tokens: 4 };
    const whole = (await backend.chat(body, options())) as ChatCompletion;
    const chunks: ChatCompletionChunk[] = [];
    const streamed = await backend.chat({ ...body, stream: true }, options());
    for await (const chunk of streamed as AsyncIterable<ChatCompletionChunk>) chunks.push(chunk);
    expect(chunks.map(textOf).join('')).toBe(whole.choices[0]?.message.content);
    expect(chunks.filter((chunk) => textOf(chunk) !== '').length).toBeGreaterThanOrEqual(3);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'length' }], timings: { predicted_n: 4 } });
  });

  it('frees its slot when the client leaves, or its signal fires', async () => {
    const backend = backendOf();
    const endless = { ...ASK, stream: true, max_tokens: ENDLESS, ignore_eos: true };
    for await (const chunk of (await backend.chat(endless, options())) as AsyncIterable<ChatCompletionChunk>) {
      if (textOf(chunk) === '') continue;
      expect(await slotIsBusy()).toBe(true);
      break;
    }
    await expectSlotToGetFree();

    const leave = new AbortController();
    const asking = backend.chat({ ...endless, stream: false }, options(leave.signal));
    const ended = asking.then(
      () => null,
      (error: unknown) => error,
    );
    await expect.poll(slotIsBusy, { timeout: 30_000 }).toBe(true);
    leave.abort();
    expect(await ended).toMatchObject({ name: 'AbortError' });
    await expectSlotToGetFree();
    expect(backend.metrics()).toMatchObject({ upstream_cancelled_total: 2 });
  });

  it('answers in place of one that is not there; says what is wrong with a key and a body', async () => {
    const backend = backendOf(KEY, NOBODY, server.url);
    const answer = (await backend.chat({ ...ASK, max_tokens: 1 }, options())) as ChatCompletion;
    expect(answer.usage.completion_tokens).toBe(1);
    await expect(backend.chat({ messages: 3 }, options())).rejects.toThrow(
      `Upstream ${server.url} answered 400: "Expected 'messages' to be an array".`,
    );
    const long = { messages: [{ role: 'user', content: 'word '.repeat(3_000) }] };
    await expect(backend.chat(long, options())).rejects.toThrow(
      expect.objectContaining({ code: 'context-overflow' }) as Error,
    );
    await expect(backendOf('sk-wrong').chat(ASK, { ...options(), asks: 'native' })).rejects.toThrow(
      `Upstream ${server.url} answered 401: "Invalid API Key". Set FORGELIGHT_UPSTREAM_KEY to a key of it.`,
    );
  });

  it('answers through the daemon, which passes on that a client has left; ps and doctor know it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'forgelight-upstream-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const command = await builtCommand();
    const env = { FORGELIGHT_STATE: folder, FORGELIGHT_MODELS: folder, FORGELIGHT_UPSTREAM_KEY: KEY };
    const start = (...args: readonly string[]) => startCommand(process.execPath, [command, ...args], env);
    const daemon = start('serve', '--port', '0', '--upstream', server.url);
    await daemon.until(/Forgelight ready: /);
    const found = await findDaemon(folder);
    if (found.status !== 'running') throw new Error('The daemon wrote no file.');
    const response = await fetch(`${daemonUrl(found.record)}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${found.record.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...ASK, stream: true, max_tokens: ENDLESS, ignore_eos: true }),
    });
    if (response.body === null) throw new Error('The daemon did not answer.');
    let text = '';
    for await (const { data } of serverSentEvents(response.body)) {
      text += textOf(JSON.parse(data) as ChatCompletionChunk);
      if (text !== '') break;
    }
    await expectSlotToGetFree();
    const ps = start('ps');
    await ps.until(new RegExp(`Passes requests on to ${server.url}`));
    const doctor = start('doctor', '--upstream', server.url);
    await doctor.until(new RegExp(`ok +${server.url} answers, with one model`));
    expect(await Promise.all([ps.ended, doctor.ended])).toEqual([0, 0]);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});
