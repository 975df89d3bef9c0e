import type { ByteStream } from '../base/byte-stream';
import { KIB } from '../base/units';
import { parseGguf } from './parse';
import type { GgufFile } from './types';

export interface GgufHeader {
  readonly file: GgufFile;
  /** The bytes from `file.dataOffsetBytes` on. Ends at once in a file without tensors. */
  readonly rest: ByteStream;
}

const FIRST_PREFIX_BYTES = 256 * KIB;

/**
 * Reads the header from the front of a stream, in a prefix that grows as bytes arrive: at most twice of what came is held.
 * Throws `bad-gguf` and what the stream throws; the stream is then cancelled.
 */
export async function readGgufHeader(stream: ByteStream, fileSizeBytes?: number): Promise<GgufHeader> {
  try {
    const prefix = new Prefix(stream, fileSizeBytes);
    for (let wanted = FIRST_PREFIX_BYTES; ; wanted *= 2) {
      await prefix.fill(wanted);
      const result = parseGguf(prefix.bytes(), prefix.fileSizeBytes);
      if (result.kind === 'complete') {
        const { file } = result;
        return { file, rest: restOf(stream, prefix.bytes(), file.dataOffsetBytes) };
      }
      while (wanted * 2 < result.atLeastBytes) wanted *= 2;
    }
  } catch (error) {
    await stream.cancel(error);
    throw error;
  }
}

/** The bytes read so far. Grows by doubling, never on the word of the file. */
class Prefix {
  private buffer = new Uint8Array(FIRST_PREFIX_BYTES);
  private length = 0;

  /** `fileSizeBytes` becomes what really came once the stream has ended. */
  constructor(
    private readonly stream: ByteStream,
    public fileSizeBytes: number | undefined,
  ) {}

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  async fill(wantedBytes: number): Promise<void> {
    while (this.length < wantedBytes) {
      const chunk = await this.stream.read();
      if (chunk === null) {
        this.fileSizeBytes = this.length;
        return;
      }
      this.append(chunk);
    }
  }

  private append(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (length > this.buffer.length) {
      const grown = new Uint8Array(Math.max(length, this.buffer.length * 2));
      grown.set(this.bytes());
      this.buffer = grown;
    }
    this.buffer.set(chunk, this.length);
    this.length = length;
  }
}

/** What follows byte `start`, of which `prefix` is already read. */
function restOf(stream: ByteStream, prefix: Uint8Array, start: number): ByteStream {
  let held: Uint8Array | null = prefix.length > start ? prefix.subarray(start) : null;
  let skip = Math.max(0, start - prefix.length);
  return {
    async read() {
      if (held !== null) {
        const first = held;
        held = null;
        return first;
      }
      for (;;) {
        const chunk = await stream.read();
        if (chunk === null || chunk.length > skip) {
          const bytes = chunk?.subarray(skip) ?? null;
          skip = 0;
          return bytes;
        }
        skip -= chunk.length;
      }
    },
    cancel: async (reason) => {
      held = null;
      await stream.cancel(reason);
    },
  };
}
