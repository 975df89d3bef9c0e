import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import { defined } from '../base/assert';
import type { ScriptedAnswer, ScriptedLoad } from '../../test/support/scripted-engine';
import { ScriptedEngines } from '../../test/support/scripted-engine';
import { ChatStore } from './chat-store';
import type { ModelChoice } from './model-choice';
import type { Message } from './page-state';
import { pagePhase } from './page-state';

const CHOICE: ModelChoice = { reference: 'https://example.org/a.gguf', name: 'a.gguf', local: false, sha256: 'ab' };
const OTHER: ModelChoice = { ...CHOICE, name: 'b.gguf' };

function setUp(): { store: ChatStore; engines: ScriptedEngines; reported: unknown[]; setNow: (ms: number) => void } {
  const engines = new ScriptedEngines();
  const reported: unknown[] = [];
  let nowMs = 0;
  const store = new ChatStore(
    { createEngine: engines.createEngine, now: () => nowMs, reportError: (error) => reported.push(error) },
    CHOICE,
  );
  return { store, engines, reported, setNow: (ms) => (nowMs = ms) };
}

/** Lets everything that is already settled be handled. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const loadAt = (engines: ScriptedEngines, index: number): ScriptedLoad => defined(engines.loads[index], 'load');
const answerAt = (engines: ScriptedEngines, index: number): ScriptedAnswer => defined(engines.answers[index], 'answer');
const last = (store: ChatStore): Message => defined(store.state.messages.at(-1), 'message');

async function readyStore(): Promise<ReturnType<typeof setUp>> {
  const parts = setUp();
  const loading = parts.store.load(CHOICE);
  await settle();
  loadAt(parts.engines, 0).finish();
  await loading;
  return parts;
}

describe('loading', () => {
  it('passes the choice on and becomes ready', async () => {
    const { store, engines } = await readyStore();
    expect(loadAt(engines, 0).options).toMatchObject({ model: CHOICE.reference, sha256: 'ab' });
    expect(store.state.model).toMatchObject({ kind: 'ready', info: { device: { name: 'Scripted GPU' } } });
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
    const { store, engines, setNow } = await readyStore();
    const first = store.send('  Hello ');
    await settle();
    expect(pagePhase(store.state)).toBe('generating');
    setNow(120);
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

  it('a new chat ends the running answer, and the next is not touched by its end', async () => {
    const { store, engines } = await readyStore();
    const first = store.send('Hello');
    await settle();
    store.newChat();
    expect(store.state.messages).toEqual([]);
    const second = store.send('Something else');
    await first;
    expect(pagePhase(store.state)).toBe('generating');
    expect(answerAt(engines, 1).body.messages).toEqual([{ role: 'user', content: 'Something else' }]);
    store.stop();
    await second;
    expect(last(store)).toMatchObject({ status: { kind: 'stopped' } });
  });

  it('an answer’s own failure leaves the model ready, and its question can be asked again', async () => {
    const { store, engines } = await readyStore();
    const sent = store.send('Hello');
    await settle();
    answerAt(engines, 0).fail(new ForgelightError('timeout', 'the step took 30 s'));
    await sent;
    expect(last(store)).toMatchObject({ status: { kind: 'failed', failure: { code: 'timeout' } } });
    expect(pagePhase(store.state)).toBe('ready');
    const again = store.retry(last(store).id);
    await settle();
    answerAt(engines, 1).write('Hi');
    answerAt(engines, 1).finish();
    await again;
    expect(store.state.messages.map(({ text }) => text)).toEqual(['Hello', 'Hi']);
  });

  it('the loss of the device ends the engine too', async () => {
    const { store, engines } = await readyStore();
    const sent = store.send('Hello');
    await settle();
    answerAt(engines, 0).fail(new ForgelightError('device-lost', 'reason: unknown'));
    await sent;
    expect(pagePhase(store.state)).toBe('error');
    expect(last(store)).toMatchObject({ status: { kind: 'failed', failure: { code: 'device-lost' } } });
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
