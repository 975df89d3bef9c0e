import { describe, expect, it } from 'vitest';
import { fakeHandle } from '../../test/support/fake-handle';
import { TEXT } from './messages';
import { MOST_RECENT, RecentFiles, type RecentFile } from './recent-files';

function setUp(kept: unknown = null) {
  const saved: (readonly RecentFile[])[] = [];
  const reported: unknown[] = [];
  const files = new RecentFiles(
    {
      load: async () => kept,
      save: async (recent) => void saved.push(recent),
      reportError: (error) => reported.push(error),
    },
    () => undefined,
  );
  return { files, saved, reported };
}

/** Lets everything that is already settled be handled. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const names = (files: RecentFiles): readonly string[] => files.files.map(({ name }) => name);

describe('files that were opened', () => {
  it('are remembered newest first, each once, and at most five', async () => {
    const { files, saved } = setUp();
    for (const name of ['a', 'b', 'c', 'a', 'd', 'e', 'f']) await files.remember([fakeHandle(name)]);
    expect(names(files)).toEqual(['f', 'e', 'd', 'a', 'c']);
    expect(saved.at(-1)).toHaveLength(MOST_RECENT);
  });

  it('join those of earlier visits, also when nobody had read these yet', async () => {
    const { files } = setUp([{ name: 'old', handles: [fakeHandle('old')] }, 'no file', { name: 'empty', handles: [] }]);
    await Promise.all([files.remember([fakeHandle('a')]), files.remember([fakeHandle('b')])]);
    expect(names(files)).toEqual(['b', 'a', 'old']);
  });

  it('are remembered for this visit only where the browser keeps nothing', async () => {
    const reported: unknown[] = [];
    const refuse = async (): Promise<never> => {
      throw new DOMException('No storage.', 'SecurityError');
    };
    const files = new RecentFiles(
      { load: refuse, save: refuse, reportError: (error) => reported.push(error) },
      () => undefined,
    );
    await files.remember([fakeHandle('a')]);
    expect(names(files)).toEqual(['a']);
    expect(reported).toHaveLength(2);
  });
});

describe('a file that is opened again', () => {
  it('asks for the permission, is read in place, and comes first', async () => {
    const { files } = setUp();
    const [one, two] = [fakeHandle('one'), fakeHandle('two')];
    await files.remember([one]);
    await files.remember([two]);
    const choice = await files.reopen({ name: 'one', handles: [one] });
    expect(choice).toMatchObject({ reference: one.file, name: 'one', local: true });
    expect(one.asked).toBe(1);
    await settle();
    expect(names(files)[0]).toBe('one');
  });

  it('is all parts of a model', async () => {
    const { files } = setUp();
    const parts = [fakeHandle('m-00001-of-00002.gguf'), fakeHandle('m-00002-of-00002.gguf')];
    const choice = await files.reopen({ name: 'm', handles: parts });
    expect(choice?.reference).toEqual(parts.map(({ file }) => file));
  });

  it('says so where it may not be read, and stays', async () => {
    const { files } = setUp();
    const handle = fakeHandle('a');
    handle.answer = 'denied';
    await files.remember([handle]);
    expect(await files.reopen({ name: 'a', handles: [handle] })).toBeNull();
    expect(files.problem).toBe(TEXT.files.denied('a'));
    expect(names(files)).toEqual(['a']);
    handle.answer = 'granted';
    expect(await files.reopen({ name: 'a', handles: [handle] })).not.toBeNull();
    expect(files.problem).toBeNull();
  });

  it('says so where it is gone, and is forgotten', async () => {
    const { files, saved } = setUp();
    const handle = fakeHandle('a');
    await files.remember([handle]);
    handle.gone = true;
    expect(await files.reopen(files.files[0] as RecentFile)).toBeNull();
    expect(files.problem).toBe(TEXT.files.gone('a'));
    expect(names(files)).toEqual([]);
    expect(saved.at(-1)).toEqual([]);
  });
});
