import type { ByteStream } from '../base/byte-stream';
import { ForgelightError } from '../base/errors';
import type { ModelSource } from './source';
import { orAbort } from './waiting';

/** A model in a file of the user's, or in memory. */
export function blobSource(blob: Blob): ModelSource {
  const fileName = 'name' in blob && typeof blob.name === 'string' ? blob.name : 'model.gguf';
  return {
    label: fileName,
    async open(signal) {
      signal.throwIfAborted();
      return { stream: new BlobStream(blob, fileName, signal), sizeBytes: blob.size, sha256: null, fileName };
    },
  };
}

class BlobStream implements ByteStream {
  private readonly stop = new AbortController();
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(
    blob: Blob,
    private readonly fileName: string,
    private readonly signal: AbortSignal,
  ) {
    this.reader = blob.stream().getReader();
    signal.addEventListener('abort', this.abort, { once: true });
  }

  async read(): Promise<Uint8Array | null> {
    this.stop.signal.throwIfAborted();
    for (;;) {
      const { done, value } = await orAbort(this.readReader(), this.stop.signal);
      if (done) {
        this.signal.removeEventListener('abort', this.abort);
        return null;
      }
      if (value.length > 0) return value;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.stop.signal.aborted) return;
    this.end(reason);
    await this.reader.cancel(reason);
  }

  private readonly abort = (): void => this.end(this.signal.reason);

  private end(reason: unknown): void {
    this.signal.removeEventListener('abort', this.abort);
    this.stop.abort(reason);
  }

  private async readReader(): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await this.reader.read();
    } catch (cause) {
      const message = `The file ${this.fileName} could not be read: it was moved or changed. Choose it again.`;
      const error = new ForgelightError('corrupt-model', message, { cause });
      this.end(error);
      throw error;
    }
  }
}
