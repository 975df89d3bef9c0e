import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import type { ModelExport } from '../client/index';
import { TEXT } from './messages';
import { LARGEST_DOWNLOAD_BYTES, saveFile, type SaveHost } from './save-file';

const open = async (): Promise<ModelExport> => ({
  stream: new Blob(['GG', 'UF']).stream(),
  sizeBytes: 4,
  fileName: 'a.gguf',
});

/** A place on disk that says what became of it. */
function place(): { host: SaveHost; log: string[] } {
  const log: string[] = [];
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => void log.push(new TextDecoder().decode(chunk)),
    close: () => void log.push('closed'),
    abort: () => void log.push('aborted'),
  });
  const host: SaveHost = {
    showSaveFilePicker: async ({ suggestedName }) => {
      log.push(suggestedName);
      return { createWritable: async () => writable };
    },
    download: () => void log.push('downloaded'),
  };
  return { host, log };
}

describe('with a picker', () => {
  it('streams the model to where the person says', async () => {
    const { host, log } = place();
    expect(await saveFile('a.gguf', 4, open, host)).toBe(TEXT.kept.exported('a.gguf'));
    expect(log.join(' ')).toMatch(/^a\.gguf GG ?UF closed$/);
  });

  it('asks the store for nothing where the person chooses no place', async () => {
    const { host } = place();
    const showSaveFilePicker = async (): Promise<never> => {
      throw new DOMException('The user aborted a request.', 'AbortError');
    };
    const never = async (): Promise<never> => {
      throw new Error('opened');
    };
    expect(await saveFile('a.gguf', 4, never, { ...host, showSaveFilePicker })).toBeNull();
  });

  it('gives the place up where the store fails', async () => {
    const { host, log } = place();
    const fail = async (): Promise<never> => {
      throw new ForgelightError('invalid-request', 'It is gone.');
    };
    await expect(saveFile('a.gguf', 4, fail, host)).rejects.toMatchObject({ code: 'invalid-request' });
    expect(log).toEqual(['a.gguf', 'aborted']);
  });

  it('gives the place up where the model breaks off, and its reader where the disk is full', async () => {
    const { host, log } = place();
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new ForgelightError('corrupt-model', 'Damaged.')),
    });
    await expect(
      saveFile('a.gguf', 4, async () => ({ ...(await open()), stream: broken }), host),
    ).rejects.toMatchObject({
      code: 'corrupt-model',
    });
    expect(log.at(-1)).toBe('aborted');
    const full = new WritableStream<Uint8Array>({
      write: () => {
        throw new DOMException('No room.', 'QuotaExceededError');
      },
    });
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(4)),
      cancel: () => void (cancelled = true),
    });
    const host2: SaveHost = { ...host, showSaveFilePicker: async () => ({ createWritable: async () => full }) };
    expect(await saveFile('a.gguf', 4, async () => ({ ...(await open()), stream }), host2)).toBe(
      TEXT.kept.exportFailed('a.gguf', 'No room.'),
    );
    expect(cancelled).toBe(true);
  });
});

describe('without a picker', () => {
  it('hands the model over as a download, unless it is too large for one', async () => {
    const saved: (readonly [string, string])[] = [];
    const files: Promise<unknown>[] = [];
    const host: SaveHost = {
      download: (file, name) => void files.push(file.text().then((text) => saved.push([name, text]))),
    };
    expect(await saveFile('a.gguf', 4, open, host)).toBe(TEXT.kept.exported('a.gguf'));
    await Promise.all(files);
    expect(saved).toEqual([['a.gguf', 'GGUF']]);
    expect(await saveFile('a.gguf', LARGEST_DOWNLOAD_BYTES, open, host)).toBe(TEXT.kept.tooLargeToExport);
    expect(files).toHaveLength(1);
  });
});
