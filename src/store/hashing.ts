import { createSHA256 } from 'hash-wasm';
import { assert } from '../base/assert';
import type { ByteStream } from '../base/byte-stream';
import type { OpenedModel } from './source';

export interface HashingStream extends ByteStream {
  /** SHA-256 of all bytes, lower-case hex. Only after `read` gave `null`. */
  digest(): string;
}

/** The same stream, its SHA-256 computed as the bytes pass. */
export async function hashingStream(stream: ByteStream): Promise<HashingStream> {
  const hash = await runningHash();
  let digest: string | null = null;
  return {
    async read() {
      const chunk = await stream.read();
      if (chunk !== null) hash.update(chunk);
      else digest ??= hash.soFar();
      return chunk;
    },
    cancel: (reason) => stream.cancel(reason),
    digest() {
      assert(digest !== null, 'the hash of a stream is known at its end');
      return digest;
    },
  };
}

/** The stream of a source, hashed once: by the source, or else here. */
export async function hashedOnce({ stream, digest }: OpenedModel): Promise<HashingStream> {
  if (digest === undefined) return hashingStream(stream);
  return { read: () => stream.read(), cancel: (reason) => stream.cancel(reason), digest };
}

export interface RunningHash {
  update(bytes: Uint8Array): void;
  /** SHA-256 of all bytes so far, lower-case hex. More may follow. */
  soFar(): string;
}

export async function runningHash(): Promise<RunningHash> {
  const hasher = await createSHA256();
  return {
    update: (bytes) => void hasher.update(bytes),
    soFar() {
      // A digest ends a hasher, unless its state is put back.
      const state = hasher.save();
      const digest = hasher.digest('hex');
      hasher.load(state);
      return digest;
    },
  };
}
