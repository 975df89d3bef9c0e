import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../base/assert';
import { blobSource } from './blob-source';
import { hashingStream } from './hashing';

const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256);

describe('blobSource', () => {
  it('reads a file in one pass, and hashingStream hashes it on the way', async () => {
    const opened = await blobSource(new File([bytes], 'x.gguf')).open(new AbortController().signal);
    expect(opened).toMatchObject({ sizeBytes: 300_000, sha256: null, fileName: 'x.gguf' });
    const stream = await hashingStream(opened.stream);
    const chunks: Uint8Array[] = [];
    for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
      expect(() => stream.digest()).toThrow(InvariantError);
      chunks.push(chunk);
    }
    expect(await stream.read()).toBeNull();
    expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0);
    expect(stream.digest()).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('hashes two streams at once without mixing them', async () => {
    const signal = new AbortController().signal;
    const one = await hashingStream((await blobSource(new Blob([bytes])).open(signal)).stream);
    const two = await hashingStream((await blobSource(new Blob([])).open(signal)).stream);
    await one.read();
    expect(await two.read()).toBeNull();
    while ((await one.read()) !== null);
    expect(two.digest()).toBe(createHash('sha256').digest('hex'));
    expect(one.digest()).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it.each(['signal', 'cancel'])('rejects with the reason (by %s)', async (by) => {
    const reason = new DOMException('enough', 'AbortError');
    const abort = new AbortController();
    const { stream } = await blobSource(new Blob([bytes])).open(abort.signal);
    await stream.read();
    if (by === 'signal') abort.abort(reason);
    else await stream.cancel(reason);
    await expect(stream.read()).rejects.toBe(reason);
    await stream.cancel('again');
    await expect(stream.read()).rejects.toBe(reason);
    if (by === 'signal') await expect(blobSource(new Blob([])).open(abort.signal)).rejects.toBe(reason);
  });

  it('names a file that cannot be read any more', async () => {
    const gone = new Blob([bytes]);
    gone.stream = () => new ReadableStream({ pull: () => Promise.reject(new DOMException('', 'NotReadableError')) });
    const { stream } = await blobSource(gone).open(new AbortController().signal);
    const failure = { code: 'corrupt-model', message: expect.stringMatching(/moved or changed/) };
    await expect(stream.read()).rejects.toMatchObject(failure);
    await stream.cancel('done');
    await expect(stream.read()).rejects.toMatchObject(failure);
  });
});
