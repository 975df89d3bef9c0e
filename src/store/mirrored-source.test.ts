import { describe, expect, it } from 'vitest';
import { ForgelightError, type ErrorCode } from '../base/errors';
import { mirroredSource } from './mirrored-source';
import type { ModelSource } from './source';

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
}

/** An address that follows a script, and how often it was opened and let go. */
class Address implements ModelSource {
  opens = 0;
  cancels = 0;

  constructor(
    readonly label: string,
    private readonly script: Script = {},
  ) {}

  async open(signal: AbortSignal): ReturnType<ModelSource['open']> {
    signal.throwIfAborted();
    this.opens += 1;
    const {
      failsAt = Infinity,
      code = 'network',
      chunkBytes = 7,
      sizeBytes = file.length,
      sha256 = null,
    } = this.script;
    const failure = new ForgelightError(code, `${this.label} failed.`);
    if (failsAt === 0) throw failure;
    let at = 0;
    const read = async (): Promise<Uint8Array | null> => {
      signal.throwIfAborted();
      if (at >= failsAt) throw failure;
      const chunk = file.slice(at, Math.min(at + chunkBytes, failsAt));
      at += chunk.length;
      return chunk.length === 0 ? null : chunk;
    };
    const cancel = async (): Promise<void> => void (this.cancels += 1);
    return { stream: { read, cancel }, sizeBytes, sha256, fileName: this.label };
  }
}

async function load(...addresses: readonly ModelSource[]): Promise<Uint8Array> {
  const { stream, sha256 } = await mirroredSource(addresses, SHA256).open(never);
  expect(sha256).toBe(SHA256);
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
});
