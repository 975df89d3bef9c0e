import type { ByteStream } from '../base/byte-stream';

/** Reads a stream to its end. When that fails, whatever it keeps is in order, and its locks are free, before this rejects. */
export async function readToEnd(stream: ByteStream, onChunk: (sizeBytes: number) => void): Promise<void> {
  try {
    for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) onChunk(chunk.length);
  } catch (error) {
    await stream.cancel(error);
    throw error;
  }
}
