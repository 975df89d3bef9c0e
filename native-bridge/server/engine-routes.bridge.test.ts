import { describe, expect, it, vi } from 'vitest';
import { ForgelightError } from '../../src/base/errors';
import { FAKE_FIT, FAKE_SHA256 } from '../testing/fake-backend';
import { eventsOf, post } from '../testing/ask-daemon';
import { PAGE, useDaemons } from '../testing/use-daemon';
import { eventually } from '../../test/support/eventually';

const start = useDaemons();

describe('an engine that is lent', () => {
  it('lends its engine: information, requests by events, tokens', async () => {
    const daemon = await start();
    const headers = { authorization: `Bearer ${daemon.key}` };
    const model = `sha256:${FAKE_SHA256}`;
    const info = await fetch(`${daemon.url}/v1/engine?model=${model}`, { headers });
    expect(await info.json()).toMatchObject({ systemFingerprint: 'fp-fake' });
    const progress = { phase: 'upload', loaded: 1, total: 4, bytesPerSecond: 0, etaSeconds: null, resumed: 0 } as const;
    daemon.backend.current = { status: 'loading', model: 'fake', loaded: 1, total: 4, progress };
    const looked = vi.spyOn(daemon.backend, 'state');
    daemon.backend.beforeEngine = () => eventually(() => expect(looked.mock.calls.length).toBeGreaterThan(1));
    const loading = await fetch(`${daemon.url}/v1/engine?model=${model}`, {
      headers: { ...headers, accept: 'text/event-stream' },
    });
    expect(
      (await eventsOf(loading)).map((text) => (text === '[DONE]' ? text : (JSON.parse(text) as { type: string }).type)),
    ).toEqual(['progress', 'ready', '[DONE]']);
    daemon.backend.beforeEngine = () => Promise.resolve();
    const request = { kind: 'evaluate', ids: [1], positions: 'last' };
    const events = await eventsOf(await post(daemon, '/v1/engine/submit', { model, request }));
    expect(events.map((text) => (text === '[DONE]' ? text : JSON.parse(text)))).toMatchObject([
      { type: 'accepted', seed: 7 },
      { type: 'logits', logits: { f32: Buffer.from(new Float32Array([1.5, -2]).buffer).toString('base64') } },
      { type: 'ended' },
      '[DONE]',
    ]);
    expect(await (await post(daemon, '/v1/engine/tokenize', { model, text: 'abc' })).json()).toEqual({
      ids: [0, 1, 2],
    });
    expect(await (await post(daemon, '/v1/engine/detokenize', { model, ids: [1, 2] })).json()).toEqual({ text: '1 2' });
    const strange = await post(daemon, '/v1/engine/tokenize', { model, text: 'abc', addSpecail: true });
    expect([strange.status, await strange.json()]).toMatchObject([
      400,
      { error: { param: 'addSpecail', message: 'addSpecail is not a known field: did you mean addSpecial?' } },
    ]);
    const wrong = await post(daemon, '/v1/engine/submit', {
      model,
      request: { kind: 'evaluate', ids: [-1], positions: 'last' },
    });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: { param: 'request.ids[0]' } }]);
    const fit = await fetch(`${daemon.url}/v1/engine/fit?model=${model}`, { headers });
    expect([await fit.json(), daemon.backend.asked.at(-1)]).toMatchObject([FAKE_FIT, { call: 'fit', body: model }]);
    const failed = await fetch(`${daemon.url}/v1/engine/snapshot?model=${model}`, { headers });
    expect([failed.status, await failed.json()]).toMatchObject([503, { error: { code: 'closed' } }]);
  });

  it('and all others are named by pages by the hash of a model alone, whatever they ask', async () => {
    const daemon = await start();
    const headers = { origin: PAGE, authorization: `Bearer ${daemon.token}` };
    const answers: unknown[] = [];
    for (const call of ['', '/fit', '/snapshot', '/stats', '/events']) {
      const response = await fetch(`${daemon.url}/v1/engine${call}?model=fake.gguf`, { headers });
      answers.push([response.status, await response.json()]);
    }
    const chat = { messages: [{ role: 'user', content: 'a' }] };
    const bodies = {
      'engine/submit': { request: { kind: 'chat', body: chat } },
      'engine/tokenize': { text: 'a' },
      'engine/detokenize': { ids: [1] },
      'chat/completions': chat,
      completions: { prompt: 'a' },
      embeddings: { input: 'a' },
    };
    for (const [call, body] of Object.entries(bodies)) {
      const response = await post(daemon, `/v1/${call}`, { model: '/fake.gguf', ...body }, { headers });
      answers.push([response.status, await response.json()]);
    }
    expect(answers).toMatchObject(Array.from({ length: 11 }, () => [400, { error: { param: 'model' } }]));
    expect(daemon.backend.asked).toEqual([]);
  });

  it('says that it lives while the model of a request loads, then how that ended', async () => {
    const told = async (end: () => Promise<void>): Promise<string> => {
      const daemon = await start({ keepAliveMs: 20 });
      let loaded = (): void => undefined;
      daemon.backend.beforeEngine = () => new Promise<void>((resolve) => (loaded = resolve)).then(end);
      const request = { kind: 'evaluate', ids: [1], positions: 'last' };
      const response = await post(daemon, '/v1/engine/submit', { model: `sha256:${FAKE_SHA256}`, request });
      let text = '';
      for await (const bytes of response.body ?? []) {
        text += Buffer.from(bytes).toString();
        if (text.endsWith(': waiting\n\n: waiting\n\n')) loaded();
      }
      return text;
    };
    const failure = new ForgelightError('out-of-memory', 'It does not fit.');
    const [answer, failed] = await Promise.all([told(() => Promise.resolve()), told(() => Promise.reject(failure))]);
    expect(answer).toMatch(/^(: waiting\n\n)+data: \{"type":"accepted".*data: \[DONE\]\n\n$/s);
    expect(failed).toMatch(/^(: waiting\n\n)+data: \{"error":\{"code":"out-of-memory"[^\n]*\n\n$/);
  });

  it('submits nothing for whoever left while the model loaded', async () => {
    const daemon = await start();
    let loaded = (): void => undefined;
    daemon.backend.beforeEngine = () => new Promise((resolve) => (loaded = resolve));
    const abort = new AbortController();
    const asked = post(
      daemon,
      '/v1/engine/submit',
      { model: `sha256:${FAKE_SHA256}`, request: { kind: 'evaluate', ids: [1], positions: 'last' } },
      { signal: abort.signal },
    ).catch(() => 'left');
    await eventually(() => expect(daemon.backend.asked).toMatchObject([{ call: 'engine' }]));
    abort.abort();
    expect(await asked).toBe('left');
    await eventually(() => expect(daemon.backend.asked[0]?.signal.aborted).toBe(true));
    daemon.backend.beforeEngine = () => Promise.resolve();
    loaded();
    expect((await post(daemon, '/v1/engine/tokenize', { model: `sha256:${FAKE_SHA256}`, text: 'a' })).status).toBe(200);
    expect(daemon.backend.asked.map(({ call }) => call)).not.toContain('submit');
  });

  it.each(['text/event-stream', 'application/json'])(
    'tells the backend that who waits for a load has left: %s',
    async (accept) => {
      const daemon = await start();
      daemon.backend.beforeEngine = () => new Promise(() => undefined);
      const abort = new AbortController();
      const headers = { accept, authorization: `Bearer ${daemon.key}` };
      const url = `${daemon.url}/v1/engine?model=sha256:${FAKE_SHA256}`;
      const asked = fetch(url, { headers, signal: abort.signal }).catch(() => 'left');
      await eventually(() =>
        expect(daemon.backend.asked).toMatchObject([{ call: 'engine', signal: { aborted: false } }]),
      );
      abort.abort();
      expect(await asked).toBe('left');
      await eventually(() => expect(daemon.backend.asked[0]?.signal.aborted).toBe(true));
    },
  );
});
