import { createSHA256 } from 'hash-wasm';
import { assert } from '../base/assert';
import type { ByteStream } from '../base/byte-stream';

export interface HashingStream extends ByteStream {
  /** SHA-256 of all bytes, lower-case hex. Only after `read` gave `null`. */
  digest(): string;
}

/** The same stream, its SHA-256 computed as the bytes pass. */
export async function hashingStream(stream: ByteStream): Promise<HashingStream> {
  const hasher = await createSHA256();
  let digest: string | null = null;
  return {
    async read() {
      const chunk = await stream.read();
      if (chunk !== null) hasher.update(chunk);
      else digest ??= hasher.digest('hex');
      return chunk;
    },
    cancel: (reason) => stream.cancel(reason),
    digest() {
      assert(digest !== null, 'the hash of a stream is known at its end');
      return digest;
    },
  };
}
