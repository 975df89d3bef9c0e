import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { ModelSource } from '../store/source';
import { readTokenizer } from './read-tokenizer';
import { rejection } from './testing/rejection';

const CHUNK_BYTES = 10_000;

/** A model in memory that counts what is read of it. */
class MemorySource implements ModelSource {
  readonly label = 'memory';
  readBytes = 0;
  cancelled = false;

  constructor(private readonly bytes: Uint8Array) {}

  open(signal: AbortSignal): ReturnType<ModelSource['open']> {
    const read = async (): Promise<Uint8Array | null> => {
      signal.throwIfAborted();
      const chunk = this.bytes.slice(this.readBytes, this.readBytes + CHUNK_BYTES);
      this.readBytes += chunk.length;
      return chunk.length === 0 ? null : chunk;
    };
    const cancel = async (): Promise<void> => {
      this.cancelled = true;
    };
    return Promise.resolve({
      stream: { read, cancel },
      sizeBytes: this.bytes.length,
      sha256: null,
      fileName: 'x.gguf',
    });
  }
}

const fixture = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(`test/fixtures/zoo/${name}`));
const never = new AbortController().signal;

describe('readTokenizer', () => {
  it('reads a tokenizer that encodes, decodes and applies the template', async () => {
    const tokenizer = await readTokenizer(new MemorySource(await fixture('smollm2.gguf')), never);
    const { n_vocab: vocabularySize } = JSON.parse(await readFile('test/fixtures/zoo/smollm2.json', 'utf8')) as {
      n_vocab: number;
    };
    expect(tokenizer.vocabularySize).toBe(vocabularySize);
    expect(tokenizer.decode(tokenizer.encode('The quick brown fox'))).toBe('The quick brown fox');
    expect(tokenizer.applyChatTemplate([{ role: 'user', content: 'Hello there' }])).toContain('Hello there');
  });

  it('stops the transfer at the header', async () => {
    const small = await fixture('smollm2.gguf');
    const large = new Uint8Array(small.length + 4_000_000);
    large.set(small);
    const source = new MemorySource(large);
    await readTokenizer(source, never);
    expect(source.cancelled).toBe(true);
    expect(source.readBytes).toBeLessThan(small.length + 300_000);
  });

  it('passes on what is wrong with the file', async () => {
    const source = new MemorySource(new TextEncoder().encode('this is not a GGUF file'));
    await expect(readTokenizer(source, never)).rejects.toMatchObject({ code: 'bad-gguf' });
    expect(source.cancelled).toBe(true);
  });

  it('rejects with AbortError whatever the reason', async () => {
    const controller = new AbortController();
    const reading = rejection(readTokenizer(new MemorySource(await fixture('smollm2.gguf')), controller.signal));
    controller.abort('no longer wanted');
    expect(await reading).toMatchObject({
      name: 'AbortError',
    });
  });
});
