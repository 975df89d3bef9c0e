import { describe, expect, it } from 'vitest';
import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { answerAt, CHOICE, loadAt, readyStore, settle, setUp } from '../../test/support/ready-store';
import type { ScriptedLoad } from '../../test/support/scripted-engine';
import type { Message } from '../element/chat-types';
import type { ChatStore } from './chat-store';
import type { ModelChoice } from './model-choice';
import { pagePhase } from './page-state';

const OTHER: ModelChoice = { ...CHOICE, name: 'b.gguf' };
const last = (store: ChatStore): Message => defined(store.state.messages.at(-1), 'message');

describe('a page that comes back', () => {
  it('loads its model again, and keeps the conversation', async () => {
    const { store, engines } = await readyStore();
    const sending = store.send('Hello');
    await settle();
    answerAt(engines, 0).write('Half an ans');
    await settle();
    answerAt(engines, 0).fail(new ForgelightError('closed', 'The engine was closed when its page was left.'));
    await sending;
    expect(pagePhase(store.state)).toBe('error');
    const back = store.comeBack();
    await settle();
    loadAt(engines, 1).finish();
    await back;
    expect(pagePhase(store.state)).toBe('ready');
    expect(last(store)).toMatchObject({ text: 'Half an ans', status: { kind: 'failed' } });
  });

  it('does so although nothing was running, and so nobody has heard of the end', async () => {
    const { store, engines } = await readyStore();
    const back = store.comeBack();
    await settle();
    expect(pagePhase(store.state)).toBe('loading');
    loadAt(engines, 1).finish();
    await back;
    expect(pagePhase(store.state)).toBe('ready');
  });

  it('loads nothing that was not wanted', async () => {
    const { store, engines } = setUp();
    await store.comeBack();
    const loading = store.load(CHOICE);
    await settle();
    loadAt(engines, 0).fail(new ForgelightError('bad-gguf', 'This file is not a GGUF.'));
    await loading;
    await store.comeBack();
    expect(engines.loads).toHaveLength(1);
  });
});

describe('loading', () => {
  it('passes the choice on and becomes ready', async () => {
    const { store, engines } = await readyStore();
    expect(loadAt(engines, 0).options).toMatchObject({ model: CHOICE.reference, sha256: 'ab' });
    expect(store.state.model).toMatchObject({ kind: 'ready', info: { device: { name: 'Scripted GPU' } } });
  });

  it('tells where its time went, the closing of the model before with it', async () => {
    const { store, engines, clock } = await readyStore();
    const loading = store.load(OTHER);
    clock.advance(500); // the engine before is being closed
    await settle();
    clock.advance(1400);
    loadAt(engines, 1).loadMs = { start: 200, download: 1100 };
    loadAt(engines, 1).finish();
    await loading;
    expect(store.state.model).toMatchObject({ kind: 'ready', times: null });
    await settle();
    expect(store.state.model).toMatchObject({
      times: {
        totalMs: 1900,
        phases: [
          { name: 'start', ms: 200 },
          { name: 'download', ms: 1100 },
          { name: 'other', ms: 600 },
        ],
      },
    });
  });

  it('keeps the times of a model that is gone to itself', async () => {
    const { store, engines, reported } = setUp();
    const loading = store.load(CHOICE);
    await settle();
    let tell = (): void => undefined;
    loadAt(engines, 0).beforeStats = new Promise((resolve) => (tell = resolve));
    loadAt(engines, 0).finish();
    await loading;
    const next = store.load(OTHER);
    await settle();
    loadAt(engines, 1).beforeStats = new Promise(() => undefined);
    loadAt(engines, 1).finish();
    await next;
    tell();
    await settle();
    expect(store.state.model).toMatchObject({ kind: 'ready', choice: OTHER, times: null });
    expect(reported).toEqual([]);
  });

  it('waits for the engine before, also where another load began to close it', async () => {
    const { store, engines } = await readyStore();
    let closed = (): void => undefined;
    engines.beforeClose = new Promise((resolve) => (closed = resolve));
    const superseded = store.load(OTHER);
    const loading = store.load({ ...CHOICE, reference: 'https://example.org/c.gguf' });
    await settle();
    expect(engines.loads).toHaveLength(1);
    closed();
    await superseded;
    await settle();
    expect(engines.loads.map(({ options }) => options.model).slice(1)).toEqual(['https://example.org/c.gguf']);
    loadAt(engines, 1).finish();
    await loading;
    expect(pagePhase(store.state)).toBe('ready');
  });

  it('can be stopped, and says so at once', async () => {
    const { store, engines, reported } = setUp();
    const loading = store.load(CHOICE);
    await settle();
    store.stopLoading();
    expect(store.state.model).toMatchObject({ kind: 'none', stopped: true });
    expect(loadAt(engines, 0).options.signal?.aborted).toBe(true);
    await loading;
    expect(store.state.model.kind).toBe('none');
    expect(reported).toEqual([]);
  });

  it('closes an engine that arrives after its load was superseded', async () => {
    const { store, engines } = setUp();
    engines.ignoreAborts = true;
    const first = store.load(CHOICE);
    await settle();
    const second = store.load(OTHER);
    await settle();
    loadAt(engines, 0).finish();
    await first;
    expect(engines.closed).toBe(1);
    expect(store.state.model).toMatchObject({ kind: 'loading', choice: OTHER });
    loadAt(engines, 1).finish();
    await second;
    expect(store.state.model).toMatchObject({ kind: 'ready', choice: OTHER });
    expect(engines.closed).toBe(1);
  });

  it('closes the present engine before the next', async () => {
    const { store, engines } = await readyStore();
    const loading = store.load(OTHER);
    await settle();
    expect(engines.closed).toBe(1);
    loadAt(engines, 1).finish();
    await loading;
  });

  it('keeps a failure with its code, and can be tried again', async () => {
    const { store, engines, reported } = setUp();
    const loading = store.load(CHOICE);
    await settle();
    loadAt(engines, 0).fail(new ForgelightError('bad-gguf', 'magic at offset 0'));
    await loading;
    expect(store.state.model).toMatchObject({
      kind: 'failed',
      failure: { code: 'bad-gguf', detail: 'magic at offset 0' },
    });
    expect(reported).toEqual([]);
  });

  it('reports what is no error of the client’s as a mistake of ours', async () => {
    const { store, engines, reported } = setUp();
    const loading = store.load(CHOICE);
    await settle();
    const mistake = new TypeError('x is not a function');
    loadAt(engines, 0).fail(mistake);
    await loading;
    expect(store.state.model).toMatchObject({ kind: 'failed', failure: { code: 'unexpected' } });
    expect(reported).toEqual([mistake]);
  });
});

describe('answering', () => {
  it('streams, measures the first token, keeps the final timings, and sends the history along', async () => {
    const { store, engines, clock } = await readyStore();
    const first = store.send('  Hello ');
    await settle();
    expect(pagePhase(store.state)).toBe('generating');
    clock.advance(120);
    answerAt(engines, 0).write('Hi');
    answerAt(engines, 0).write(' there');
    answerAt(engines, 0).finish();
    await first;
    expect(last(store)).toMatchObject({
      text: 'Hi there',
      firstTokenMs: 120,
      status: { kind: 'finished', reason: 'stop', timings: { predicted_n: 64 } },
    });
    const second = store.send('More');
    await settle();
    expect(answerAt(engines, 1).body.messages).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi there' },
      { role: 'user', content: 'More' },
    ]);
    answerAt(engines, 1).finish('length');
    await second;
    expect(last(store)).toMatchObject({ status: { kind: 'finished', reason: 'length' } });
  });

  it('stops at once and keeps what was written', async () => {
    const { store, engines } = await readyStore();
    const sent = store.send('Hello');
    await settle();
    answerAt(engines, 0).write('Hi');
    await settle();
    store.stop();
    expect(last(store)).toMatchObject({ text: 'Hi', status: { kind: 'stopped' } });
    expect(answerAt(engines, 0).signal?.aborted).toBe(true);
    await sent;
    expect(pagePhase(store.state)).toBe('ready');
  });

  it('does nothing without a model, with nothing to say, or while it answers', async () => {
    const idle = setUp();
    await idle.store.send('Hello');
    expect(idle.store.state.messages).toEqual([]);
    const { store, engines } = await readyStore();
    await store.send('   ');
    expect(store.state.messages).toEqual([]);
    const sent = store.send('Hello');
    await store.send('Hello again');
    expect(engines.answers).toHaveLength(1);
    store.stop();
    await sent;
  });

  it('an answer’s own failure leaves the model ready, and its question can be asked again', async () => {
    const { store, engines } = await readyStore();
    const sent = store.send('Hello');
    await settle();
    answerAt(engines, 0).fail(new ForgelightError('timeout', 'the step took 30 s'));
    await sent;
    expect(last(store)).toMatchObject({ status: { kind: 'failed', failure: { code: 'timeout' } } });
    expect(pagePhase(store.state)).toBe('ready');
    const again = store.regenerate(last(store).id);
    await settle();
    answerAt(engines, 1).write('Hi');
    answerAt(engines, 1).finish();
    await again;
    expect(store.state.messages.map(({ text }) => text)).toEqual(['Hello', 'Hi']);
  });

  it('the end of the engine ends the model too', async () => {
    const { store, engines } = await readyStore();
    const sent = store.send('Hello');
    await settle();
    answerAt(engines, 0).fail(new ForgelightError('closed', 'The worker is gone.'));
    await sent;
    expect(pagePhase(store.state)).toBe('error');
    expect(last(store)).toMatchObject({ status: { kind: 'failed', failure: { code: 'closed' } } });
  });

  it('a stream that ends without a reason is a failure, not a finished answer', async () => {
    const { store, engines } = await readyStore();
    const sent = store.send('Hello');
    await settle();
    answerAt(engines, 0).breakOff();
    await sent;
    expect(last(store)).toMatchObject({ status: { kind: 'failed', failure: { code: 'request-gone' } } });
  });
});

describe('the loss of the GPU', () => {
  const PROGRESS = { phase: 'download', loaded: 1, total: 2, bytesPerSecond: 0, etaSeconds: null, resumed: 0 } as const;

  async function answeringStore(): Promise<ReturnType<typeof setUp> & { load: ScriptedLoad; sent: Promise<void> }> {
    const parts = await readyStore();
    const sent = parts.store.send('Hello');
    await settle();
    answerAt(parts.engines, 0).write('One, ');
    await settle();
    return { ...parts, load: loadAt(parts.engines, 0), sent };
  }

  it('shows how far the engine is with the next one, while the answer waits and then goes on', async () => {
    const { store, engines, load, sent } = await answeringStore();
    load.enter('lost');
    load.options.onProgress?.(PROGRESS);
    expect(store.state.model).toMatchObject({ kind: 'ready', gpu: { kind: 'lost', progress: PROGRESS } });
    expect(last(store)).toMatchObject({ text: 'One, ', status: { kind: 'writing' } });
    load.info = { ...load.info, device: { ...load.info.device, name: 'Another GPU' } };
    load.enter('ready');
    expect(store.state.model).toMatchObject({ gpu: { kind: 'working' }, info: { device: { name: 'Another GPU' } } });
    answerAt(engines, 0).write('two');
    answerAt(engines, 0).finish();
    await sent;
    expect(last(store)).toMatchObject({ text: 'One, two', status: { kind: 'finished' } });
    expect(pagePhase(store.state)).toBe('ready');
  });

  it('says until when the browser gives none, and sends nothing until then', async () => {
    const { store, engines } = await readyStore();
    loadAt(engines, 0).enter('lost');
    loadAt(engines, 0).enter('blocked', { retryAtMs: 126_000 });
    expect(store.state.model).toMatchObject({ gpu: { kind: 'blocked', retryAtMs: 126_000 } });
    await store.send('Hello');
    expect(engines.answers).toEqual([]);
    loadAt(engines, 0).enter('ready');
    const sent = store.send('Hello');
    await settle();
    expect(engines.answers).toHaveLength(1);
    store.stop();
    await sent;
  });

  it('for good keeps the reason and the conversation, and another engine goes on with it', async () => {
    const { store, engines, load, sent } = await answeringStore();
    load.enter('lost');
    const message = 'At most 512 tokens fit.';
    load.enter('gone', { error: { code: 'out-of-memory', message } });
    expect(store.state.model).toMatchObject({ kind: 'failed', failure: { code: 'out-of-memory', detail: message } });
    answerAt(engines, 0).fail(new ForgelightError('out-of-memory', message));
    await sent;
    const loading = store.load(CHOICE);
    await settle();
    expect(engines.closed).toBe(1);
    loadAt(engines, 1).finish();
    await loading;
    expect(store.state.messages.map(({ text }) => text)).toEqual(['Hello', 'One, ']);
    const again = store.send('Go on');
    await settle();
    expect(answerAt(engines, 1).body.messages).toHaveLength(3);
    store.stop();
    await again;
  });

  it('of an engine that was replaced is no news', async () => {
    const { store, engines } = await readyStore();
    const loading = store.load(OTHER);
    await settle();
    const before = store.state;
    loadAt(engines, 0).options.onProgress?.(PROGRESS);
    loadAt(engines, 0).enter('lost');
    expect(store.state).toBe(before);
    loadAt(engines, 1).finish();
    await loading;
    const ready = store.state;
    loadAt(engines, 0).options.onProgress?.(PROGRESS);
    loadAt(engines, 0).enter('gone', { error: { code: 'device-lost', message: 'gone' } });
    expect(store.state).toBe(ready);
  });
});

describe('subscribe', () => {
  it('calls after every change until it is ended', async () => {
    const { store } = setUp();
    let calls = 0;
    const end = store.subscribe(() => (calls += 1));
    store.announce('one');
    end();
    store.announce('two');
    expect(calls).toBe(1);
  });
});
