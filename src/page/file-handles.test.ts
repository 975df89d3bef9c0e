import { describe, expect, it } from 'vitest';
import { fakeHandle } from '../../test/support/fake-handle';
import { droppedHandles, hasFilePicker, openHandles, pickHandles } from './file-handles';

const item = (answer: () => Promise<unknown>): DataTransferItem =>
  ({ getAsFileSystemHandle: answer }) as unknown as DataTransferItem;
const fileItem = (name: string): DataTransferItem =>
  item(async () => Object.assign(fakeHandle(name), { kind: 'file' as const }));

describe('what was dropped', () => {
  it('is told by its handles, all asked for while the drop is handled', async () => {
    let asked = 0;
    const counted = (name: string): DataTransferItem =>
      item(async () => {
        asked += 1;
        return Object.assign(fakeHandle(name), { kind: 'file' });
      });
    const told = droppedHandles([counted('a.gguf'), counted('b.gguf')]);
    expect(asked).toBe(2);
    expect((await told).map(({ name }) => name)).toEqual(['a.gguf', 'b.gguf']);
  });

  it('leaves out folders, texts, and what the browser does not tell', async () => {
    const items = [
      item(async () => ({ kind: 'directory', name: 'models' })),
      item(async () => null),
      // What Chromium says of files that a script put there.
      item(async () => undefined),
      item(async () => {
        throw new DOMException('No.', 'NotAllowedError');
      }),
      {} as DataTransferItem,
      fileItem('a.gguf'),
    ];
    expect((await droppedHandles(items)).map(({ name }) => name)).toEqual(['a.gguf']);
  });
});

describe('the picker', () => {
  it('is not everywhere', async () => {
    expect(hasFilePicker({})).toBe(false);
    expect(await pickHandles({})).toEqual([]);
  });

  it('gives nothing where the person chooses nothing, and other errors as they are', async () => {
    const failing = (name: string) => ({
      showOpenFilePicker: async () => {
        throw new DOMException('x', name);
      },
    });
    expect(await pickHandles(failing('AbortError'))).toEqual([]);
    await expect(pickHandles(failing('SecurityError'))).rejects.toMatchObject({ name: 'SecurityError' });
  });
});

it('opening asks only where it must', async () => {
  const handle = fakeHandle('a.gguf');
  handle.permission = 'granted';
  expect(await openHandles([handle])).toMatchObject({ kind: 'opened', choice: { reference: handle.file } });
  expect(handle.asked).toBe(0);
  handle.permission = 'denied';
  handle.answer = 'denied';
  expect(await openHandles([handle])).toEqual({ kind: 'denied' });
});
