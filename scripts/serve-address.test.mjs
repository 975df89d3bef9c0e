import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { serve } from './serve.mjs';
import { useServers } from './testing/use-server.mjs';

const startServer = useServers();
/** @type {AbortController} */
let controller;

beforeEach(() => {
  controller = new AbortController();
  vi.spyOn(console, 'log').mockReturnValue(undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Serves until the test is done with it. @param {NodeJS.ProcessEnv} env */
async function startServing(env) {
  const served = serve(controller.signal, env);
  await Promise.race([served, vi.waitUntil(() => vi.mocked(console.log).mock.calls.length > 0, { timeout: 15_000 })]);
  const line = String(vi.mocked(console.log).mock.calls[0]?.[0]);
  const stop = () => {
    controller.abort();
    return served;
  };
  return { line, url: line.replace('Forgelight ready: ', ''), stop };
}

it('prints the address, answers there, and ends at the signal', async () => {
  const { line, url, stop } = await startServing({ PORT: '0' });
  expect(line).toMatch(/^Forgelight ready: http:\/\/127\.0\.0\.1:\d+\/$/);
  expect((await fetch(`${url}models/none.gguf`)).status).toBe(404);
  await stop();
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

it('ends at once when the signal came before', async () => {
  controller.abort();
  await expect(serve(controller.signal, { PORT: '0' })).resolves.toBeUndefined();
});

it('names any address by one that a browser can open', async () => {
  const { line, stop } = await startServing({ PORT: '0', HOST: '0.0.0.0' });
  expect(line).toMatch(/^Forgelight ready: http:\/\/127\.0\.0\.1:\d+\/$/);
  await stop();
});

it('takes a free port when the usual one is taken, and none but the one asked for', async () => {
  const first = await startServing({});
  vi.mocked(console.log).mockClear();
  const second = await startServing({});
  expect(second.line).toMatch(/^Forgelight ready: /);
  expect(second.line).not.toBe(first.line);
  await Promise.all([first.stop(), second.stop()]);
});

it('says what to do when the port asked for is taken, or is none', async () => {
  const { port } = await startServer(createServer());
  await expect(serve(controller.signal, { PORT: String(port) })).rejects.toThrow(
    `Port ${port} is taken. Set PORT to another`,
  );
  await expect(serve(controller.signal, { PORT: 'abc' })).rejects.toThrow('PORT must be a number from 0 to 65535');
  await expect(serve(controller.signal, { PORT: '65536' })).rejects.toThrow('PORT must be a number');
});
