import { describe, expect, it } from 'vitest';
import { ForgelightError, type ErrorCode } from '../base/errors';
import { mirroredSource } from './mirrored-source';
import type { ModelSource, OpenedModel, ResumePoint } from './source';

const file = Uint8Array.from({ length: 100 }, (_, i) => i);
const SHA256 = 'a'.repeat(64);
const never = new AbortController().signal;

interface Script {
  /** The address fails before this byte; 0: before it opens. */
  readonly failsAt?: number;
  readonly code?: ErrorCode;
  readonly sizeBytes?: number | null;
  readonly sha256?: string | null;
  readonly chunkBytes?: number;
  /** Begins where it is told to. */
  readonly ranges?: boolean;
  readonly notes?: readonly string[];
  /** It has a hash of its own, as a set of parts has; and other bytes from here on. */
  readonly digest?: string;
  readonly differsAt?: number;
  /** It ends before this byte, as if that were all. */
  readonly endsAt?: number;
}

/** An address that follows a script, and how often it was opened and let go. */
class Address implements ModelSource {
  opens = 0;
  /** Where it was to begin. */
  readonly asked: number[] = [];
  cancels = 0;

  constructor(
    readonly label: string,
    private readonly script: Script = {},
  ) {}

  async open(signal: AbortSignal, from?: ResumePoint): ReturnType<ModelSource['open']> {
    signal.throwIfAborted();
    this.opens += 1;
    this.asked.push(from?.position ?? 0);
    const {
      failsAt = Infinity,
      code = 'network',
      chunkBytes = 7,
      sizeBytes = file.length,
      sha256 = null,
      ranges = false,
      notes,
      digest,
      differsAt = Infinity,
      endsAt = Infinity,
    } = this.script;
    const failure = new ForgelightError(code, `${this.label} failed.`);
    if (failsAt === 0) throw failure;
    const startsAt = ranges ? (from?.position ?? 0) : 0;
    let at = startsAt;
    const read = async (): Promise<Uint8Array | null> => {
      signal.throwIfAborted();
      if (at >= failsAt) throw failure;
      const chunk = file
        .slice(at, Math.min(at + chunkBytes, failsAt, endsAt))
        .map((byte, i) => (at + i < differsAt ? byte : 255));
      at += chunk.length;
      return chunk.length === 0 ? null : chunk;
    };
    const cancel = async (): Promise<void> => void (this.cancels += 1);
    const hash = digest === undefined ? {} : { digest: () => digest };
    const opened = { stream: { read, cancel }, sizeBytes, sha256, fileName: this.label, startsAt, ...hash };
    return notes === undefined ? opened : { ...opened, notes };
  }
}

async function load(...addresses: readonly ModelSource[]): Promise<Uint8Array> {
  const opened = await mirroredSource(addresses, SHA256).open(never);
  expect(opened.sha256).toBe(SHA256);
  return readAll(opened);
}

async function readAll({ stream }: OpenedModel): Promise<Uint8Array> {
  const bytes: number[] = [];
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    expect(chunk.length).toBeGreaterThan(0);
    bytes.push(...chunk);
  }
  return Uint8Array.from(bytes);
}

describe('mirroredSource', () => {
  it('asks the first address alone while it works', async () => {
    const second = new Address('second');
    expect(await load(new Address('first'), second)).toEqual(file);
    expect(second.opens).toBe(0);
  });

  it.each([
    ['before the first byte', { failsAt: 0 }],
    ['behind the first byte', { failsAt: 1 }],
    ['midway', { failsAt: 50 }],
    ['at the end of a chunk', { failsAt: 49 }],
    ['by silence', { failsAt: 20, code: 'timeout' as const }],
    ['for want of ranges', { failsAt: 20, code: 'range-unsupported' as const }],
  ])('goes on at the next address when one fails %s', async (_, script: Script) => {
    expect(await load(new Address('first', script), new Address('second', { chunkBytes: 9 }))).toEqual(file);
    const third = new Address('third');
    expect(await load(new Address('first', script), new Address('second', { failsAt: 30 }), third)).toEqual(file);
    expect(third.opens).toBe(1);
  });

  it('fetches nothing twice from an address that has ranges', async () => {
    const [second, third] = [new Address('second', { ranges: true, failsAt: 70 }), new Address('third')] as const;
    expect(await load(new Address('first', { failsAt: 50 }), second, third)).toEqual(file);
    expect([second.asked, third.asked]).toEqual([[50], [70]]);
  });

  it.each([
    ['at the address that has it', [{ ranges: true }], 60],
    ['at the next one', [{ failsAt: 0 }, { ranges: true }], 60],
    ['at the next one when the first fails at once', [{ ranges: true, failsAt: 60 }, { ranges: true }], 60],
    ['at the next one without ranges, when the first fails at once', [{ ranges: true, failsAt: 60 }, {}], 60],
    ['from the first byte where there are no ranges', [{}, { ranges: true }], 0],
  ])('goes on with an earlier download: %s', async (_, scripts: readonly Script[], startsAt) => {
    const identity = { sizeBytes: file.length, etag: null, lastModified: null, sha256: SHA256 };
    const addresses = scripts.map((script, i) => new Address(`address ${i}`, script));
    const opened = await mirroredSource(addresses, SHA256).open(never, { position: 60, identity });
    expect(opened.startsAt).toBe(startsAt);
    expect(await readAll(opened)).toEqual(file.slice(startsAt));
  });

  it('passes on what the addresses have to say', async () => {
    const [first, second] = [
      new Address('first', { failsAt: 9, notes: ['one'] }),
      new Address('2', { notes: ['two'] }),
    ];
    const opened = await mirroredSource([first, second], SHA256).open(never);
    await readAll(opened);
    expect(opened.notes).toEqual(['one', 'two']);
  });

  it('passes over addresses that admit to another file', async () => {
    const other = new Address('other', { sha256: 'b'.repeat(64) });
    const larger = new Address('larger', { sizeBytes: 101 });
    expect(await load(other, new Address('first', { failsAt: 10 }), larger, new Address('last'))).toEqual(file);
    expect([other.cancels, larger.cancels]).toEqual([1, 1]);
  });

  it('tells of all that failed', async () => {
    const failing = load(new Address('first', { failsAt: 0 }), new Address('second', { failsAt: 20 }));
    await expect(failing).rejects.toMatchObject({
      code: 'network',
      message: 'None of 2 addresses gave the model. first failed. second failed.',
    });
  });

  it('does not hope that another address has another file', async () => {
    const second = new Address('second');
    await expect(load(new Address('first', { failsAt: 10, code: 'bad-gguf' }), second)).rejects.toMatchObject({
      code: 'bad-gguf',
    });
    expect(second.opens).toBe(0);
  });

  it('is given up without asking the next address', async () => {
    const [first, second] = [new Address('first'), new Address('second')] as const;
    const { stream } = await mirroredSource([first, second], SHA256).open(never);
    await stream.read();
    await stream.cancel('left');
    await expect(stream.read()).rejects.toBe('left');
    expect([first.cancels, second.opens]).toEqual([1, 0]);
    const controller = new AbortController();
    const aborted = await mirroredSource([first, second], SHA256).open(controller.signal);
    controller.abort('stop');
    await expect(aborted.stream.read()).rejects.toBe('stop');
    expect(second.opens).toBe(0);
  });

  it('has the hash that an address gives itself, as a set of parts does', async () => {
    const opened = await mirroredSource([new Address('a', { digest: 'the set' })], SHA256).open(never);
    await readAll(opened);
    expect(opened.digest?.()).toBe('the set');
    const plain = await mirroredSource([new Address('a')], SHA256).open(never);
    expect(plain.digest).toBeUndefined();
  });

  it('has that of the address that ended it, once its beginning is what the reader has', async () => {
    const begun = { failsAt: 60, sizeBytes: null, digest: 'never whole' };
    const next = new Address('b', { digest: 'the set', chunkBytes: 9 });
    const opened = await mirroredSource([new Address('a', begun), next], SHA256).open(never);
    expect(await readAll(opened)).toEqual(file);
    expect(opened.digest?.()).toBe('the set');
    for (const other of [{ differsAt: 30 }, { differsAt: 59 }, { endsAt: 40, sizeBytes: null }]) {
      const addresses = [new Address('a', begun), new Address('b', { digest: 'the set', ...other })];
      const mixed = await mirroredSource(addresses, SHA256).open(never);
      await expect(readAll(mixed)).rejects.toMatchObject({ code: 'corrupt-model' });
    }
  });

  it('passes over an address without a hash of its own, once one had one', async () => {
    const whole = new Address('whole', { ranges: true });
    const parts = [new Address('a', { failsAt: 60, digest: 'never whole' }), new Address('c', { digest: 'the set' })];
    const opened = await mirroredSource([...parts.slice(0, 1), whole, ...parts.slice(1)], SHA256).open(never);
    expect(await readAll(opened)).toEqual(file);
    expect([opened.digest?.(), whole.cancels]).toEqual(['the set', 1]);
    const alone = await mirroredSource([...parts.slice(0, 1), whole], SHA256).open(never);
    await expect(readAll(alone)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('whole is one file, where the address before it has parts'),
    });
  });
});
