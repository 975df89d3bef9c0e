import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HostRequest } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import { answerOf, askHost } from '../testing/ask-host';
import { engineOf, NATIVE, openBackend } from '../testing/open-backend';
import { enginesOf, inGroups } from '../testing/processes';
import { zooStore, type ZooStore } from '../testing/zoo-store';
import { eventually } from '../../test/support/eventually';

const MODEL = 'llama-yarn.gguf';
const TOKENS = 80;
const STREAMS = 4;
const SEED = 20261126;

let zoo: ZooStore;
beforeAll(async () => {
  zoo = await zooStore(['llama-yarn']);
});
afterAll(() => zoo.remove());

/** Greedy, drawn on the device, drawn by the host, and with penalties. */
const requests: readonly HostRequest[] = [
  { temperature: 0 },
  { temperature: 1, seed: 7 },
  { temperature: 1, top_k: 0, seed: 8 },
  { temperature: 1, seed: 9, repeat_penalty: 1.3, logprobs: 2 },
].map((sampling, i) => ({
  kind: 'completion',
  body: { prompt: [1, 5 + i, 9, 30], max_tokens: TOKENS, ...sampling },
}));

it('four answers go on with the same tokens when their process is killed, at any token', async () => {
  const { backend, log } = await openBackend(zoo, {
    restarts: { most: 100, withinMs: 1, mostUnready: 3, baseMs: 1, maxMs: 10 },
  });
  const { host } = await backend.engine(MODEL, NATIVE);
  const ask = (number: number, onEvent?: (event: RequestEvent) => void): Promise<RequestEvent[][]> =>
    Promise.all(requests.map((request, i) => askHost(host, number * STREAMS + i, request, onEvent)));
  const undisturbed = (await ask(1)).map(answerOf);
  const total = undisturbed.reduce((sum, { ids }) => sum + ids.length, 0);
  expect(total).toBeGreaterThan(TOKENS * 2);

  const kills = fc.sample(fc.integer({ min: 1, max: total - 1 }), { seed: SEED, numRuns: 4 });
  const groups = new Set<number>();
  let tokens = 0;
  const disturbed = await ask(2, (event) => {
    if (event.type !== 'token') return;
    tokens += 1;
    const engine = engineOf(log);
    // What a dying one had sent still comes: who is due meanwhile is killed once there is another.
    const due = kills.filter((token) => token <= tokens).length;
    if (groups.size >= due || groups.has(engine)) return;
    groups.add(engine);
    process.kill(engine, 'SIGKILL');
  });
  expect(disturbed.map(answerOf)).toEqual(undisturbed);
  expect(tokens).toBe(total);
  expect(groups.size).toBeGreaterThan(1);
  const gone = (): string[] => log.filter((line) => line.includes('is gone: it was ended by SIGKILL'));
  await eventually(() => expect(gone().length, log.join('\n')).toBe(groups.size));
  await backend.close();
  expect(await inGroups([...groups])).toEqual([]);
  expect(await enginesOf(process.pid)).toEqual([]);
});

it('calls that a dead process was asked are answered by the next one', async () => {
  const { backend, log } = await openBackend(zoo);
  const { host, info } = await backend.engine(MODEL, NATIVE);
  const ids = [5, 6, 7];
  const before = await host.detokenize(ids);
  process.kill(engineOf(log), 'SIGKILL');
  expect(await Promise.all([host.detokenize(ids), host.detokenize(ids)])).toEqual([before, before]);
  expect(await host.stats()).toMatchObject({ ok: true });
  expect(backend.state()).toMatchObject({ status: 'ready' });
  expect((await backend.engine(`sha256:${info.model.sha256}`, NATIVE)).info.systemFingerprint).toBe(
    info.systemFingerprint,
  );
});

it('a process that somebody else asks to end takes no answer along', async () => {
  const { backend, log } = await openBackend(zoo);
  const { host } = await backend.engine(MODEL, NATIVE);
  // So long that it is far from its end when the process hears of that.
  const body = { prompt: [1, 5, 9], max_tokens: 100, temperature: 0, logit_bias: { 2: -100 } };
  const request: HostRequest = { kind: 'completion', body };
  const first = engineOf(log);
  const undisturbed = answerOf(await askHost(host, 1, request));
  let isAsked = false;
  const disturbed = await askHost(host, 2, request, (event) => {
    if (event.type !== 'token' || isAsked) return;
    isAsked = true;
    process.kill(first, 'SIGTERM');
  });
  expect(answerOf(disturbed)).toEqual(undisturbed);
  await eventually(() => expect(backend.metrics()['engine_restarts_total']).toBe(1));
});

it('who reads nothing is given up, and its request with it', async () => {
  const { backend } = await openBackend(zoo, { timeouts: { ...DEFAULT_HOST_TIMEOUTS, stallMs: 400 } });
  const { host } = await backend.engine(MODEL, NATIVE);
  const { port1, port2 } = new MessageChannel();
  host.submit(1, { kind: 'completion', body: { prompt: [1, 5, 9], logit_bias: { 2: -100 } } }, port2);
  await eventually(() => expect(backend.metrics()['engine_tokens_total']).toBeGreaterThan(0));
  await eventually(() => expect(backend.metrics()['engine_requests_live']).toBe(0));
  expect(backend.metrics()['engine_tokens_total']).toBeLessThan(1000);
  port1.close();
});
