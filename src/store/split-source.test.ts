import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWhole, splitGguf, type SplitOptions } from '../../test/support/split-gguf';
import type { GgufFile } from '../gguf/types';
import { blobSource } from './blob-source';
import type { ModelSource, OpenedModel } from './source';
import { splitIdentity } from './split-identity';
import { splitSource } from './split-source';

const whole = new Uint8Array(readFileSync('test/fixtures/zoo/smollm2.gguf'));
const never = new AbortController().signal;

/** A part in memory, in chunks of `chunkBytes`, that remembers how it is used. */
class PartSource implements ModelSource {
  opens = 0;
  cancels = 0;
  readBytes = 0;
  sha256: string | null = null;
  resumedBytes = 0;
  readonly notes: string[] = [];
  /** Called with the number of the opening. */
  onOpen: (nth: number) => void = () => undefined;

  constructor(
    readonly label: string,
    public bytes: Uint8Array,
    private readonly chunkBytes = 5000,
  ) {}

  async open(signal: AbortSignal): Promise<OpenedModel> {
    signal.throwIfAborted();
    this.opens += 1;
    this.onOpen(this.opens);
    const { bytes } = this;
    let at = 0;
    let stopped: { readonly reason: unknown } | null = null;
    return {
      stream: {
        read: async () => {
          if (stopped !== null) throw stopped.reason;
          const chunk = bytes.slice(at, at + this.chunkBytes);
          at += chunk.length;
          this.readBytes += chunk.length;
          return chunk.length === 0 ? null : chunk;
        },
        cancel: async (reason) => {
          if (stopped === null && at < bytes.length) this.cancels += 1;
          stopped ??= { reason };
        },
      },
      sizeBytes: bytes.length,
      sha256: this.sha256,
      fileName: this.label,
      resumedBytes: this.resumedBytes,
      notes: this.notes,
    };
  }
}

function partSources(options: SplitOptions = {}, count = 3, chunkBytes?: number): PartSource[] {
  return splitGguf(whole, count, options).map((bytes, i) => new PartSource(`m-${i + 1}.gguf`, bytes, chunkBytes));
}

const setOf = (parts: readonly ModelSource[]): ModelSource => splitSource({ label: 'm', fileName: 'm.gguf', parts });

async function readAll(source: ModelSource): Promise<Uint8Array> {
  const { stream, sizeBytes } = await source.open(never);
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    expect(chunk.length).toBeGreaterThan(0);
    chunks.push(chunk);
  }
  expect(await stream.read()).toBeNull();
  const all = Buffer.concat(chunks);
  expect(all.length).toBe(sizeBytes);
  return new Uint8Array(all);
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Name → type, shape and the bytes themselves. */
function contents(file: GgufFile, bytes: Uint8Array): unknown {
  return file.tensors.map(({ name, type, shape, offsetBytes, sizeBytes }) => {
    return { name, type, shape, hash: hashOf(bytes.subarray(offsetBytes, offsetBytes + sizeBytes)) };
  });
}

function expectWhole(merged: Uint8Array): void {
  const file = parseWhole(merged);
  const original = parseWhole(whole);
  expect([...file.metadata]).toEqual([...original.metadata]);
  expect(contents(file, merged)).toEqual(contents(original, whole));
}

describe('splitSource', () => {
  it.each<[string, SplitOptions]>([
    ['as they come', {}],
    ['the first without tensors', { emptyFirst: true }],
    ['with bytes behind the last tensor', { trailing: 77 }],
    ['later ones with a finer alignment', { alignment: 8 }],
    ['later ones with a coarser alignment', { alignment: 128 }],
  ])('gives one model of three files: %s', async (_, options) => {
    const merged = await readAll(setOf(partSources(options)));
    const file = parseWhole(merged);
    const original = parseWhole(whole);
    expect(contents(file, merged)).toEqual(contents(original, whole));
    expect([...file.metadata].filter(([key]) => key !== 'general.alignment')).toEqual([...original.metadata]);
    expect([...file.metadata.keys()].filter((key) => key.startsWith('split.'))).toEqual([]);
  });

  it('always gives the same bytes, however the parts are cut and arrive', async () => {
    const expected = hashOf(await readAll(setOf(partSources())));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 301, max: 400_000 }), fc.integer({ min: 2, max: 9 }), async (chunk, count) => {
        expectWhole(await readAll(setOf(partSources({}, count, chunk))));
        expect(hashOf(await readAll(setOf(partSources({}, 3, chunk))))).toBe(expected);
      }),
      { seed: 20260801, numRuns: 4 },
    );
  });

  it('reads headers first, and the first part in one go', async () => {
    const parts = partSources();
    const { stream } = await setOf(parts).open(never);
    expect(parts.map(({ opens, cancels }) => [opens, cancels])).toEqual([
      [1, 0],
      [1, 1],
      [1, 1],
    ]);
    await stream.cancel('enough');
    expect(parts.map(({ cancels }) => cancels)).toEqual([1, 1, 1]);
    await expect(stream.read()).rejects.toBe('enough');
  });

  it.each<[string, SplitOptions, RegExp]>([
    [
      'in the wrong order',
      { number: (part) => [0, 2, 1][part] ?? 0 },
      /part 3 of 3, and it is in the place of part 2.*m-2/,
    ],
    ['of a larger set', { count: () => 4 }, /has 4 parts, and there are 3.*m-1/],
    ['of several sets', { count: (part) => (part === 1 ? 5 : 3) }, /has 5 parts, and there are 3.*m-2/],
    ['without some tensors', { tensorCount: 999 }, /has 999 tensors, and the parts have \d+/],
  ])('refuses parts %s', async (_, options, message) => {
    const parts = partSources(options);
    const opening = setOf(parts).open(never);
    await expect(opening).rejects.toMatchObject({ code: 'bad-gguf', message: expect.stringMatching(message) });
    expect(parts.map(({ cancels }) => cancels)).toEqual([1, 1, 1]);
  });

  it('refuses the same tensors twice, and files that are no parts', async () => {
    const [first, second] = partSources();
    const twice = splitGguf(whole, 3, { number: () => 2 })[1] ?? whole;
    const repeated = setOf([first, second, new PartSource('again.gguf', twice)].filter((part) => part !== undefined));
    await expect(repeated.open(never)).rejects.toMatchObject({
      code: 'bad-gguf',
      message: expect.stringMatching(/tensor ".*" is in "m-2.gguf" too.*again/),
    });
    const plain = setOf([new PartSource('a.gguf', whole), new PartSource('b.gguf', whole)]);
    await expect(plain.open(never)).rejects.toMatchObject({
      code: 'bad-gguf',
      message: expect.stringContaining('split.count'),
    });
  });

  it('passes on that a part is missing, and lets go of the others', async () => {
    const parts = partSources();
    const missing: ModelSource = { label: 'gone', open: () => Promise.reject(new Error('404')) };
    await expect(setOf([...parts.slice(0, 2), missing]).open(never)).rejects.toThrow('404');
    expect(parts.map(({ cancels }) => cancels)).toEqual([1, 1, 0]);
  });

  it('holds each part against its own hash, bytes behind the tensors included', async () => {
    for (const damaged of [0, 1, 2]) {
      const parts = partSources({ trailing: 5 });
      parts.forEach((part) => (part.sha256 = hashOf(part.bytes)));
      await expect(readAll(setOf(parts))).resolves.toBeDefined();
      const bytes = parts[damaged]?.bytes ?? whole;
      bytes[bytes.length - 1] = 1;
      await expect(readAll(setOf(parts))).rejects.toMatchObject({
        code: 'corrupt-model',
        message: expect.stringContaining(`m-${damaged + 1}.gguf`),
      });
    }
  });

  it('is known by the hashes of its parts as they came, whether anybody promised them or not', async () => {
    for (const promised of [false, true]) {
      const parts = partSources({ trailing: 5 });
      if (promised) parts.forEach((part) => (part.sha256 = hashOf(part.bytes)));
      const { stream, digest } = await setOf(parts).open(never);
      expect(digest).toThrow('at its end');
      while ((await stream.read()) !== null);
      expect(digest?.()).toBe(await splitIdentity(parts.map(({ bytes }) => hashOf(bytes))));
    }
  });

  it('is another model when one byte of one part is another, behind the tensors too', async () => {
    const identityOf = async (change: number | null): Promise<string | undefined> => {
      const parts = partSources({ trailing: 5 });
      const bytes = change === null ? undefined : parts[change]?.bytes;
      if (bytes !== undefined) bytes[bytes.length - 1] = 1;
      const { stream, digest } = await setOf(parts).open(never);
      while ((await stream.read()) !== null);
      return digest?.();
    };
    const identities = await Promise.all([null, 0, 1, 2].map(identityOf));
    expect(new Set(identities).size).toBe(4);
    expect(await identityOf(null)).toBe(identities[0]);
  });

  it('passes on what its parts have to say, up to the end', async () => {
    const parts = partSources();
    parts.forEach(({ notes }, i) => notes.push(`header ${i}`));
    const { stream, notes } = await setOf(parts).open(never);
    parts.forEach((part, i) => part.notes.splice(0, 1, ...(i === 1 ? [] : [`end ${i}`])));
    while ((await stream.read()) !== null);
    expect(notes).toEqual(['header 1', 'header 2', 'end 0', 'end 2']);
  });

  it('tells how much of it was in the store', async () => {
    const parts = partSources();
    const resumed = async (...whatIsThere: number[]): Promise<number> => {
      parts.forEach((part, i) => (part.resumedBytes = Math.floor(part.bytes.length * (whatIsThere[i] ?? 0))));
      const { resumedBytes = NaN, stream, sizeBytes } = await setOf(parts).open(never);
      await stream.cancel('enough');
      return resumedBytes / (sizeBytes ?? NaN);
    };
    expect(await resumed(0, 1, 1)).toBe(0);
    expect(await resumed(1, 1, 1)).toBe(1);
    const [half, more] = [await resumed(1, 0.5, 1), await resumed(1, 0.9, 0)];
    expect(half).toBeGreaterThan(0.25);
    expect(more).toBeGreaterThan(half);
    expect(more).toBeLessThan(0.8);
  });

  it('notices that a part was replaced between its header and its turn', async () => {
    const parts = partSources();
    const [, second] = parts;
    const other = splitGguf(whole, 4)[1] ?? whole;
    if (second !== undefined) second.onOpen = (nth) => (second.bytes = nth === 2 ? other : second.bytes);
    await expect(readAll(setOf(parts))).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/changed/),
    });
    expect(second?.cancels).toBe(2);
  });

  it('can be given up while the next part opens', async () => {
    const parts = partSources();
    const { stream } = await setOf(parts).open(never);
    const [, second] = parts;
    if (second !== undefined) second.onOpen = () => void stream.cancel('left');
    const reading = (async () => {
      while ((await stream.read()) !== null);
    })();
    await expect(reading).rejects.toBe('left');
    expect(second?.cancels).toBe(2);
    await expect(stream.read()).rejects.toBe('left');
  });

  it('ends with the signal', async () => {
    const controller = new AbortController();
    const { stream } = await setOf(splitGguf(whole, 2).map((part) => blobSource(new Blob([part])))).open(
      controller.signal,
    );
    controller.abort('no longer wanted');
    await expect(stream.read()).rejects.toBe('no longer wanted');
  });
});
