import { GIB } from '../base/units';
import type { ModelExport } from '../client/index';
import { TEXT } from './messages';

/** So much a page can hand over as a download: it is held by the browser as a whole. */
export const LARGEST_DOWNLOAD_BYTES = 2 * GIB;

/** What of a window saving takes. */
export interface SaveHost {
  /** Absent where the browser has none. Rejects with an `AbortError` where the person chooses nothing. */
  readonly showSaveFilePicker?: (options: {
    readonly suggestedName: string;
  }) => Promise<{ createWritable(): Promise<WritableStream<Uint8Array> & { abort(reason?: unknown): Promise<void> }> }>;
  /** Hands a file over to the browser's downloads. */
  download(file: Blob, fileName: string): void;
}

/**
 * Writes a copy of a model where the person says; without a picker for that, into the downloads. Resolves with a sentence for the
 * person; `null` where they chose no place. Must be called in a click.
 */
export async function saveFile(
  fileName: string,
  sizeBytes: number,
  open: () => Promise<ModelExport>,
  host: SaveHost,
): Promise<string | null> {
  const { showSaveFilePicker } = host;
  try {
    return showSaveFilePicker === undefined
      ? await download(fileName, sizeBytes, open, host)
      : await write(fileName, open, (options) => showSaveFilePicker(options));
  } catch (error) {
    // The browser’s: no place, no room, no permission.
    if (error instanceof DOMException) return TEXT.kept.exportFailed(fileName, error.message);
    throw error;
  }
}

async function write(
  fileName: string,
  open: () => Promise<ModelExport>,
  pick: NonNullable<SaveHost['showSaveFilePicker']>,
): Promise<string | null> {
  const writable = await pickPlace(fileName, pick);
  if (writable === null) return null;
  let stream: ModelExport['stream'];
  try {
    ({ stream } = await open());
  } catch (error) {
    // What was there stays: nothing has been written.
    await writable.abort(error);
    throw error;
  }
  await stream.pipeTo(writable);
  return TEXT.kept.exported(fileName);
}

async function pickPlace(
  suggestedName: string,
  pick: NonNullable<SaveHost['showSaveFilePicker']>,
): Promise<WritableStream<Uint8Array> | null> {
  try {
    return await (await pick({ suggestedName })).createWritable();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}

async function download(
  fileName: string,
  sizeBytes: number,
  open: () => Promise<ModelExport>,
  host: SaveHost,
): Promise<string> {
  if (sizeBytes >= LARGEST_DOWNLOAD_BYTES) return TEXT.kept.tooLargeToExport;
  const { stream } = await open();
  host.download(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).blob(), fileName);
  return TEXT.kept.exported(fileName);
}

/** The page's window. */
export function saveHost(): SaveHost {
  const { showSaveFilePicker } = window as Window & Pick<SaveHost, 'showSaveFilePicker'>;
  return {
    ...(showSaveFilePicker === undefined ? {} : { showSaveFilePicker: showSaveFilePicker.bind(window) }),
    download(file, fileName) {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(file);
      link.download = fileName;
      link.click();
      // The download has its own hold on the file once the click is handled.
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
  };
}
