import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { FakeModelStore, KEPT, keptModel, SPLIT, unfinished } from '../../test/support/fake-model-store';
import { splitIdentity } from '../store/split-identity';
import type { ModelExport, StoreEntry } from '../client/index';
import { storedModels } from '../store/stored-models';
import { KeptModels, SETTLE_MS } from './kept-models';
import { choiceOfEntry } from './kept-choice';
import { TEXT } from './messages';

const SMALL = '1'.repeat(64);
const CHOICE = { reference: 'https://example.org/large.gguf', name: 'large.gguf', local: false };

function setUp() {
  const store = new FakeModelStore();
  const clock = new FakeClock();
  const seen = { opened: 0, changes: 0, reported: [] as unknown[], saved: [] as string[] };
  const kept = new KeptModels(
    {
      openModelStore: async () => {
        seen.opened += 1;
        return store;
      },
      models: storedModels,
      save: async (fileName, _sizeBytes, open: () => Promise<ModelExport>) => {
        seen.saved.push(
          `${fileName}: ${await new Response((await open()).stream as ReadableStream<BufferSource>).text()}`,
        );
        return TEXT.kept.exported(fileName);
      },
      clock,
      reportError: (error) => seen.reported.push(error),
    },
    () => (seen.changes += 1),
  );
  return { kept, store, clock, seen };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const names = (kept: KeptModels): readonly string[] =>
  kept.shelf.kind === 'open' ? kept.shelf.entries.map(({ fileName }) => fileName) : [];

describe('the kept models', () => {
  it('open the store when somebody looks, and only once', async () => {
    const { kept, seen } = setUp();
    await kept.refresh();
    expect(seen.opened).toBe(0);
    expect(kept.shelf.kind).toBe('closed');
    await Promise.all([kept.show(), kept.show()]);
    await kept.refresh();
    expect(seen.opened).toBe(1);
    expect(kept.shelf).toMatchObject({ kind: 'open', room: { usageBytes: 240_000_000 }, settled: true });
  });

  it('are a model each, also where they have several files; of one that is not whole all goes', async () => {
    const { kept, store } = setUp();
    store.entries = SPLIT;
    await kept.show();
    if (kept.shelf.kind !== 'open') throw new Error('The shelf is not open.');
    const [whole, half, ...others] = kept.shelf.models;
    expect(others).toEqual([]);
    expect(whole).toMatchObject({ state: 'ok', fileName: 'a-00001-of-00002.gguf', sizeBytes: 200_000_000 });
    const sha256 = await splitIdentity(['3', '4'].map((digit) => digit.repeat(64)));
    if (whole?.state !== 'ok') throw new Error('It is not whole.');
    expect(choiceOfEntry(whole)).toMatchObject({ reference: `sha256:${sha256}`, sha256, local: true });
    if (half?.state !== 'partial') throw new Error('It is whole.');
    expect(await kept.discardModel(half)).toBe(TEXT.kept.discarded('b-00001-of-00002.gguf'));
    expect(store.calls.filter((call) => call !== 'list')).toEqual([
      'delete 5',
      'discard https://example.org/b-00002-of-00002.gguf',
    ]);
    expect(kept.shelf).toMatchObject({ models: [whole] });
  });

  it('show the newest look, whichever ends last', async () => {
    const { kept, store } = setUp();
    const answers: ((entries: readonly StoreEntry[]) => void)[] = [];
    store.list = () => new Promise((resolve) => answers.push(resolve));
    const older = kept.show();
    await settle();
    const newer = kept.show();
    await settle();
    answers[1]?.([unfinished()]);
    await newer;
    answers[0]?.(KEPT);
    await older;
    expect(names(kept)).toEqual(['large.gguf']);
  });

  it('say why there is no store, and look again when asked', async () => {
    const { kept, store } = setUp();
    store.failWith = 'invalid-request';
    await kept.show();
    expect(kept.shelf).toMatchObject({ kind: 'failed', failure: { code: 'invalid-request' } });
    store.failWith = null;
    await kept.show();
    expect(kept.shelf.kind).toBe('open');
  });

  it('open another store after the end of one', async () => {
    const { kept, store, seen } = setUp();
    await kept.show();
    store.failWith = 'closed';
    await kept.refresh();
    store.failWith = null;
    await kept.refresh();
    expect(seen.opened).toBe(2);
    kept.close();
    await settle();
    expect(store.closed).toBe(true);
  });
});

describe('what is done to an entry', () => {
  it('is shown while it runs, done once, and told in a sentence', async () => {
    const { kept, store } = setUp();
    await kept.show();
    store.hold();
    const deleting = kept.delete(SMALL, 'small.gguf');
    await settle();
    expect(kept.workOn(SMALL)).toBe('delete');
    expect(await kept.delete(SMALL, 'small.gguf')).toBeNull();
    store.release();
    expect(await deleting).toBe(TEXT.kept.deleted('small.gguf'));
    expect(kept.workOn(SMALL)).toBeNull();
    expect(names(kept)).not.toContain('small.gguf');
    expect(store.calls.filter((call) => call.startsWith('delete'))).toEqual(['delete 1']);
  });

  it('is a problem in words where it fails, until it is tried again', async () => {
    const { kept, store, seen } = setUp();
    await kept.show();
    store.failWith = 'busy';
    expect(await kept.delete(SMALL, 'small.gguf')).toBe(TEXT.kept.busy('small.gguf'));
    expect(kept.problemOf(SMALL)).toBe(TEXT.kept.busy('small.gguf'));
    store.failWith = 'network';
    expect(await kept.repair(SMALL, 'small.gguf')).toBe('repair 1 at offset 17');
    store.failWith = null;
    expect(await kept.export(SMALL, 'small.gguf', 4)).toBe(TEXT.kept.exported('small.gguf'));
    expect(kept.problemOf(SMALL)).toBeNull();
    expect(seen.saved).toEqual(['small.gguf: GGUF']);
    expect(seen.reported).toEqual([]);
  });

  it('that is a mistake of ours is reported', async () => {
    const { kept, store, seen } = setUp();
    store.delete = async () => {
      throw new TypeError('no such thing');
    };
    expect(await kept.delete(SMALL, 'small.gguf')).not.toBeNull();
    expect(seen.reported).toHaveLength(1);
  });
});

describe('a paused download', () => {
  it('is looked for at once, and again when the stopped load has put it in order', async () => {
    const { kept, store, clock } = setUp();
    store.entries = [];
    await kept.lookAfterPause();
    expect(kept.shelf).toMatchObject({ kind: 'open', settled: false });
    expect(kept.downloadsOf(CHOICE)).toEqual([]);
    store.entries = [keptModel(), unfinished(), unfinished({ address: 'https://example.org/other.gguf' })];
    clock.advance(SETTLE_MS);
    await settle();
    expect(kept.shelf).toMatchObject({ kind: 'open', settled: true });
    expect(kept.downloadsOf(CHOICE)).toEqual([unfinished()]);
  });

  it('is settled when the last of several is', async () => {
    const { kept, clock } = setUp();
    await kept.lookAfterPause();
    clock.advance(SETTLE_MS - 1);
    await kept.lookAfterPause();
    clock.advance(1);
    await settle();
    expect(kept.shelf).toMatchObject({ settled: false });
    clock.advance(SETTLE_MS);
    await settle();
    expect(kept.shelf).toMatchObject({ settled: true });
  });

  it('is discarded with all its files', async () => {
    const { kept, store } = setUp();
    const part = (number: number) =>
      unfinished({ address: `https://example.org/m-0000${number}-of-00002.gguf`, fileName: `m-0000${number}` });
    store.entries = [part(1), part(2), unfinished()];
    await kept.show();
    const choice = { ...CHOICE, reference: 'https://example.org/m-00001-of-00002.gguf', name: 'm' };
    expect(await kept.discardDownloads(choice)).toBe(TEXT.kept.discarded('m'));
    expect(names(kept)).toEqual(['large.gguf']);
  });
});
