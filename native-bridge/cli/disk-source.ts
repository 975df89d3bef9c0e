import type { ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ByteStream } from '../../src/base/byte-stream';
import { ForgelightError } from '../../src/base/errors';
import type { ModelSource } from '../../src/store/source';

const CHUNK_BYTES = 1024 * 1024;

/** The path that a reference names by its looks (`./x.gguf`, `/models/x.gguf`, `C:\x.gguf`, `file:///x.gguf`); `null` for what has none of them. */
export function pathOf(reference: string): string | null {
  if (/^file:/i.test(reference)) return URL.canParse(reference) ? fileURLToPath(reference) : reference;
  return /^(?:\.{0,2}[/\\]|[a-z]:[/\\])/i.test(reference) ? resolve(reference) : null;
}

/** A file of this computer. Rejects with `invalid-request` where there is none, and with `corrupt-model` where it cannot be read on. */
export function diskSource(path: string): ModelSource {
  const fileName = basename(path);
  return {
    label: path,
    address: pathToFileURL(path).href,
    async open(signal) {
      signal.throwIfAborted();
      try {
        const file = await open(path);
        const about = await file.stat();
        if (about.isFile()) {
          const stream = new DiskStream(file.createReadStream({ highWaterMark: CHUNK_BYTES, signal }), path, signal);
          return { stream, sizeBytes: about.size, sha256: null, fileName };
        }
        await file.close();
      } catch (cause) {
        throw unusable(path, cause);
      }
      throw unusable(path);
    },
  };
}

class DiskStream implements ByteStream {
  private readonly chunks: AsyncIterator<Uint8Array>;

  constructor(
    private readonly file: ReadStream,
    private readonly path: string,
    private readonly signal: AbortSignal,
  ) {
    this.chunks = (file as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  }

  async read(): Promise<Uint8Array | null> {
    try {
      const { done, value } = await this.chunks.next();
      return done === true ? null : new Uint8Array(value);
    } catch (cause) {
      this.signal.throwIfAborted();
      throw new ForgelightError('corrupt-model', `The file ${this.path} could not be read to its end.`, { cause });
    }
  }

  cancel(): Promise<void> {
    this.file.destroy();
    return Promise.resolve();
  }
}

function unusable(path: string, cause?: unknown): ForgelightError {
  const message = `There is no file ${path} that can be read. A model is a file, an https address, hf:owner/repo/file.gguf or hf:owner/repo:Q4_K_M.`;
  return new ForgelightError('invalid-request', message, { param: 'model', cause });
}
