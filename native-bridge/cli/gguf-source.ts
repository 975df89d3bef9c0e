import type { ByteStream } from '../../src/base/byte-stream';
import { ForgelightError } from '../../src/base/errors';
import type { ModelSource } from '../../src/store/source';

const MAGIC = 'GGUF';

/** The same source, which rejects with `bad-gguf` before anything is kept where the first bytes say that it is no model. */
export function ggufOnly(source: ModelSource): ModelSource {
  return {
    ...source,
    async open(signal, from) {
      const opened = await source.open(signal, from);
      if ((opened.startsAt ?? 0) > 0) return opened;
      const stream = new PeekedStream(opened.stream);
      const start = new TextDecoder().decode(await stream.peek(MAGIC.length));
      if (start === MAGIC) return { ...opened, stream };
      const error = new ForgelightError(
        'bad-gguf',
        `${source.label} is no GGUF file, and was not kept. A model's file begins with the letters ${MAGIC}; look at the address.`,
      );
      await stream.cancel(error);
      throw error;
    },
  };
}

/** A stream whose beginning was looked at before somebody reads it. */
class PeekedStream implements ByteStream {
  private head = new Uint8Array();

  constructor(private readonly rest: ByteStream) {}

  /** The first `count` bytes, or all there are. Before the first `read`. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.head.length < count) {
      const chunk = await this.rest.read();
      if (chunk === null) break;
      this.head = this.head.length === 0 ? new Uint8Array(chunk) : joined(this.head, chunk);
    }
    return this.head.subarray(0, count);
  }

  read(): Promise<Uint8Array | null> {
    const { head } = this;
    if (head.length === 0) return this.rest.read();
    this.head = new Uint8Array();
    return Promise.resolve(head);
  }

  cancel(reason: unknown): Promise<void> {
    return this.rest.cancel(reason);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
