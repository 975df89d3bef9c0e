import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { meta, writeGguf } from '../../test/gguf-writer';
import type { ByteStream } from '../base/byte-stream';
import { parseGguf } from './parse';
import { readGgufHeader } from './read-header';

class ChunkStream implements ByteStream {
  cancelled: unknown = null;
  private position = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly chunkBytes: number,
  ) {}

  async read(): Promise<Uint8Array | null> {
    if (this.position >= this.bytes.length) return null;
    const chunk = this.bytes.slice(this.position, this.position + this.chunkBytes);
    this.position += chunk.length;
    return chunk;
  }

  async cancel(reason: unknown): Promise<void> {
    this.cancelled = reason;
  }

  get readBytes(): number {
    return this.position;
  }
}

async function drain(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    expect(chunk.length).toBeGreaterThan(0);
    chunks.push(chunk);
  }
  expect(await stream.read()).toBeNull();
  return new Uint8Array(Buffer.concat(chunks));
}

const small = writeGguf({
  metadata: { 'general.architecture': 'llama' },
  tensors: [{ name: 'w', type: 'F32', shape: [8], data: Uint8Array.from({ length: 32 }, (_, index) => index + 1) }],
});

describe('readGgufHeader', () => {
  it.each([1, 7, 31, 32, 33, 65_536, 10_000_000])(
    'loses no byte behind the header with chunks of %d',
    async (chunkBytes) => {
      const { file, rest } = await readGgufHeader(new ChunkStream(small, chunkBytes), small.length);
      expect(file.dataOffsetBytes).toBe(small.length - 32);
      expect(await drain(rest)).toEqual(small.slice(file.dataOffsetBytes));
    },
  );

  it('reads a real file in one pass, and not further than needed', async () => {
    const bytes = new Uint8Array(readFileSync(new URL('../../test/fixtures/zoo/llama.gguf', import.meta.url)));
    const stream = new ChunkStream(bytes, 10_000);
    const { file, rest } = await readGgufHeader(stream);
    expect(parseGguf(bytes)).toEqual({ kind: 'complete', file });
    expect(stream.readBytes).toBeLessThan(300_000);
    expect(Buffer.compare(await drain(rest), bytes.subarray(file.dataOffsetBytes))).toBe(0);
  });

  it.each([10, 100_000])('passes a header of %d tokens and its long padding', async (tokenCount) => {
    const alignment = 2 ** 20;
    const data = Uint8Array.from({ length: 5000 }, (_, index) => index % 251);
    const bytes = writeGguf({
      metadata: {
        tokens: Array.from({ length: tokenCount }, (_, index) => `token ${index}`),
        'general.alignment': alignment,
      },
      tensors: [{ name: 'w', type: 'I8', shape: [5000], data }],
      alignment,
    });
    const { file, rest } = await readGgufHeader(new ChunkStream(bytes, 999), bytes.length);
    expect(file.dataOffsetBytes).toBe(tokenCount > 10 ? 2 * alignment : alignment);
    expect(await drain(rest)).toEqual(data);
  });

  it('gives an empty rest where there are no tensors', async () => {
    const bytes = writeGguf({ metadata: { k: 1 } });
    const { rest } = await readGgufHeader(new ChunkStream(bytes, 5));
    expect(await drain(rest)).toEqual(new Uint8Array(0));
  });

  it.each([undefined, small.length])('names a stream that ends inside the header (size %s)', async (fileSize) => {
    const stream = new ChunkStream(small.subarray(0, 40), 16);
    await expect(readGgufHeader(stream, fileSize)).rejects.toThrow(/cut short/);
    expect(stream.cancelled).toMatchObject({ code: 'bad-gguf' });
  });

  it('does not read on for a header that can only be hostile', async () => {
    const hostile = writeGguf({ metadata: { k: meta.string('x', 2n ** 40n) } });
    const endless = new Uint8Array(4_000_000);
    endless.set(hostile);
    const stream = new ChunkStream(endless, 65_536);
    await expect(readGgufHeader(stream)).rejects.toMatchObject({ code: 'bad-gguf' });
    expect(stream.readBytes).toBeLessThanOrEqual(262_144);
  });

  it('passes on what the stream throws', async () => {
    const failing: ByteStream = {
      read: () => Promise.reject(new DOMException('stop', 'AbortError')),
      cancel: () => Promise.resolve(),
    };
    await expect(readGgufHeader(failing)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
