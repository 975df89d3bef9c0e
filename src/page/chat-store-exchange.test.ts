import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import { answerAt, CHOICE, loadAt, readyStore, settle, setUp } from '../../test/support/ready-store';
import type { ModelChoice } from './model-choice';
import { pagePhase } from './page-state';

const OTHER: ModelChoice = { reference: new Blob(['GIF89a']), name: 'notes.gguf', local: true };
const NO_GGUF = new ForgelightError('bad-gguf', 'magic at offset 0');

describe('a model that makes embeddings', () => {
  it('fails to load, with a way back: it is never ready', async () => {
    const { store, engines, reported } = await readyStore();
    const loading = store.choose(OTHER);
    await settle();
    const load = loadAt(engines, 1);
    load.info = { ...load.info, model: { ...load.info.model, purpose: 'embedding' } };
    load.finish();
    await loading;
    expect(store.state).toMatchObject({ model: { kind: 'failed', failure: { code: 'no-chat' } }, before: CHOICE });
    expect(engines.closed).toBe(2);
    expect(reported).toEqual([]);
  });
});

describe('another model in place of one that answers', () => {
  it('is looked at first: where it is none, the present one stays and goes on answering', async () => {
    const { store, engines, headers, reported } = await readyStore();
    const sent = store.send('Hello');
    await settle();
    answerAt(engines, 0).write('Half an ');
    headers.failure = NO_GGUF;
    await store.choose(OTHER);
    expect(headers.read).toEqual([OTHER]);
    expect(store.state.model).toMatchObject({ kind: 'ready', choice: CHOICE });
    expect(store.state.refused).toEqual({
      name: 'notes.gguf',
      failure: { code: 'bad-gguf', detail: 'magic at offset 0' },
    });
    expect(store.state.announcement).toMatch(/notes\.gguf was not loaded/);
    expect([engines.loads.length, engines.closed]).toEqual([1, 0]);
    answerAt(engines, 0).write('answer.');
    answerAt(engines, 0).finish();
    await sent;
    expect(store.state.messages.at(-1)).toMatchObject({ text: 'Half an answer.', status: { kind: 'finished' } });
    store.forgetRefused();
    expect(store.state.refused).toBeNull();
    expect(reported).toEqual([]);
  });

  it('takes its place once its header was read, and ends what was said of one before', async () => {
    const { store, engines, headers } = await readyStore();
    headers.failure = NO_GGUF;
    await store.choose(OTHER);
    headers.failure = null;
    const loading = store.choose({ ...OTHER, name: 'b.gguf' });
    await settle();
    expect([engines.loads.length, engines.closed]).toEqual([2, 1]);
    expect(store.state.refused).toBeNull();
    loadAt(engines, 1).finish();
    await loading;
    expect(store.state.model).toMatchObject({ kind: 'ready', choice: { name: 'b.gguf' } });
  });

  it('is looked at only while there is something to lose, and once', async () => {
    const first = setUp();
    void first.store.choose(OTHER);
    await settle();
    expect([first.headers.read, first.engines.loads.length]).toEqual([[], 1]);
    const { store, headers, engines } = await readyStore();
    // The list has read its header; of another server's model there is none.
    void store.choose({ ...OTHER, verdict: 'It fits.' });
    await settle();
    loadAt(engines, 1).finish();
    await settle();
    void store.choose({ ...OTHER, reference: 'llama', device: 'bridge' });
    await settle();
    expect([headers.read, engines.loads.length]).toEqual([[], 3]);
  });

  it('gives way to what is chosen, or loaded, after it', async () => {
    const { store, headers, engines, reported } = await readyStore();
    headers.failure = NO_GGUF;
    let answer = (): void => undefined;
    headers.before = new Promise((resolve) => (answer = resolve));
    const superseded = store.choose(OTHER);
    await settle();
    const loading = store.load(CHOICE);
    answer();
    await superseded;
    expect(headers.signals[0]?.aborted).toBe(true);
    expect(store.state.refused).toBeNull();
    await settle();
    loadAt(engines, 1).finish();
    await loading;
    expect(pagePhase(store.state)).toBe('ready');
    expect(reported).toEqual([]);
  });

  it('keeps quiet where another one is being looked at by now', async () => {
    const { store, headers } = await readyStore();
    headers.failure = NO_GGUF;
    const superseded = store.choose(OTHER);
    headers.before = new Promise(() => undefined);
    void store.choose({ ...OTHER, name: 'b.gguf' });
    await superseded;
    expect(store.state.refused).toBeNull();
  });

  it('is loaded, and fails in the ordinary way, where the present one went away meanwhile', async () => {
    const { store, headers, engines } = await readyStore();
    let answer = (): void => undefined;
    headers.before = new Promise((resolve) => (answer = resolve));
    headers.failure = NO_GGUF;
    const choosing = store.choose(OTHER);
    loadAt(engines, 0).enter('gone', { error: { code: 'device-lost', message: 'no adapter' } });
    answer();
    await settle();
    loadAt(engines, 1).fail(NO_GGUF);
    await choosing;
    expect(store.state.model).toMatchObject({ kind: 'failed', choice: OTHER, failure: { code: 'bad-gguf' } });
  });

  it('fails later with a way back to the one before, until one is loaded', async () => {
    const { store, engines } = await readyStore();
    expect(store.state.before).toBeNull();
    for (const index of [1, 2]) {
      const loading = store.choose(OTHER);
      await settle();
      loadAt(engines, index).fail(new ForgelightError('out-of-memory', 'no room'));
      await loading;
      expect(store.state).toMatchObject({ model: { kind: 'failed' }, before: CHOICE });
    }
    const back = store.choose(CHOICE);
    await settle();
    loadAt(engines, 3).finish();
    await back;
    expect(store.state).toMatchObject({ model: { kind: 'ready', choice: CHOICE }, before: null });
  });

  it('of a look that is a mistake of ours developers hear', async () => {
    const { store, headers, reported } = await readyStore();
    const mistake = new TypeError('x is not a function');
    headers.failure = mistake;
    await store.choose(OTHER);
    expect(store.state.refused).toMatchObject({ failure: { code: 'unexpected' } });
    expect(reported).toEqual([mistake]);
  });
});
