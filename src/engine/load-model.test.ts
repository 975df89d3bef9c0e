import { beforeAll, describe, expect, it } from 'vitest';
import { testLoad, withOverrides, type TestLoadOptions } from '../../test/support/load-zoo';
import { FakeClock } from '../../test/support/fake-clock';
import { ScriptedServer } from '../../test/support/scripted-server';
import { tinyGguf } from '../../test/support/tiny-llama';
import { readZoo } from '../../test/support/zoo';
import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import type { Device } from '../device/device';
import { createReferenceDevice } from '../device/reference/reference-device';
import type { LoadPhase } from '../protocol/progress';
import { blobSource } from '../store/blob-source';
import type { ModelSource } from '../store/source';
import { MemoryGround } from '../store/testing/memory-ground';
import { ADDRESS, Visit } from '../store/testing/visits';

const PHASES: readonly LoadPhase[] = ['probe', 'download', 'verify', 'upload', 'compile', 'warmup', 'ready'];
const LLAMA_SHA256 = '0a18c0f25cf1395601daee02ebc242258638e7367cb004014284ef59546d39f6';
let bytes: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  bytes = new Uint8Array((await readZoo('llama')).bytes);
});

/** A second passes between any two looks: no report has to wait for its time. */
function hastyClock(): Clock {
  let nowMs = 0;
  return { now: () => (nowMs += 1000), after: () => () => undefined };
}

/** Nothing is left behind: every buffer is gone, and the device takes no more work. */
async function expectClosed(device: Device): Promise<void> {
  expect(device.allocatedBytes()).toBe(0);
  await expect(device.lost).resolves.toMatchObject({ reason: 'destroyed' });
}

/** A failing load: what it rejects with. */
async function failing(file: Uint8Array<ArrayBuffer>, given: TestLoadOptions = {}): Promise<ForgelightError> {
  const load = testLoad(file, given);
  const error: unknown = await load.run().then(
    () => null,
    (reason: unknown) => reason,
  );
  await expectClosed(load.device);
  expect(load.progress.some(({ phase }) => phase === 'ready')).toBe(false);
  if (!(error instanceof ForgelightError)) throw new Error(`the load did not fail as it should: ${String(error)}`);
  return error;
}

/** A source that does not know what it opens. */
function unsizedSource(file: Uint8Array<ArrayBuffer>, promised: string | null = null): ModelSource {
  const source = blobSource(new Blob([file]));
  return {
    label: source.label,
    open: async (signal) => ({ ...(await source.open(signal)), sizeBytes: null, sha256: promised }),
  };
}

describe('a load with a store before the network', () => {
  it('keeps the model, says what an earlier download is worth, and takes it out of the store next time', async () => {
    const ground = new MemoryGround();
    const server = Object.assign(new ScriptedServer(bytes), { chunkBytes: 10_000, ranges: false });
    const stopped = new Visit(ground, {}, 50_000);
    await expect(stopped.load(server, { abortAfterBytes: 60_000 })).rejects.toThrow('enough');
    for (const resumed of [0, bytes.byteLength]) {
      const visit = new Visit(ground, {}, 50_000);
      const source = visit.store.source(visit.network(server, ADDRESS));
      const { run, progress } = testLoad(bytes, { host: { source } });
      const engine = await run();
      expect(engine.info.model.sha256).toBe(LLAMA_SHA256);
      expect(engine.info.notes.some((note) => note.includes('no range requests'))).toBe(resumed === 0);
      const download = progress.filter(({ phase }) => phase === 'download').at(-1);
      expect(download).toMatchObject({ loaded: bytes.byteLength, total: bytes.byteLength, resumed });
      await expect(visit.store.delete(LLAMA_SHA256)).rejects.toMatchObject({ code: 'busy' });
      await engine.close();
      source.close();
    }
    expect(server.requests.length).toBe(2);
  });
});

describe('loadModel', () => {
  it('loads a file, phase by phase', async () => {
    const { run, progress, device, reports } = testLoad(bytes);
    const engine = await run();
    expect(progress.map(({ phase }) => phase).filter((phase, i, all) => phase !== all[i - 1])).toEqual(PHASES);
    expect(progress.at(-1)).toMatchObject({ phase: 'ready', loaded: 1, total: 1 });
    const download = progress.filter(({ phase }) => phase === 'download').at(-1);
    expect(download).toMatchObject({ loaded: bytes.byteLength, total: bytes.byteLength });
    expect(engine.info).toEqual({
      model: {
        name: expect.any(String),
        architecture: 'llama',
        quantisation: 'F16',
        sizeBytes: bytes.byteLength,
        sha256: LLAMA_SHA256,
        contextLength: 2048,
        vocabularySize: 512,
        purpose: 'text',
      },
      device: { kind: 'reference', name: 'CPU reference', features: [] },
      notes: expect.any(Array),
      systemFingerprint: expect.stringMatching(/^fl-[0-9a-f]{16}$/),
      kvCacheTokens: 2048,
    });
    const { loadMs, variants, gpuBytes } = engine.stats();
    expect(Object.keys(loadMs)).toEqual(PHASES);
    expect(variants).toEqual({ matvec: 'rows' });
    expect(gpuBytes).toBe(device.allocatedBytes());
    expect(reports).toEqual([]);
    await engine.close();
    await expectClosed(device);
  });

  it('accounts for all of its time, from asking for the device on', async () => {
    const clock = new FakeClock();
    const base = createReferenceDevice();
    const device = withOverrides(base, {
      async flush() {
        clock.advance(7);
      },
      async submit(...args) {
        clock.advance(11);
        return base.submit(...args);
      },
    });
    const openDevice = async (): Promise<Device> => {
      clock.advance(5000);
      return device;
    };
    const load = testLoad(bytes, { clock, device, host: { openDevice } });
    const startMs = clock.now();
    const engine = await load.run();
    const { loadMs } = engine.stats();
    expect(Object.values(loadMs).reduce((sum, ms) => sum + ms, 0)).toBe(clock.now() - startMs);
    expect(loadMs['probe']).toBe(5007);
    expect(loadMs['upload']).toBeGreaterThanOrEqual(7);
    expect(loadMs['warmup']).toBeGreaterThanOrEqual(5 * 11);
    await engine.close();
  });

  it('takes the options to heart', async () => {
    const options = {
      contextLength: 100,
      kvCacheTokens: 256,
      sha256: LLAMA_SHA256,
      debug: { variants: { matvec: 'lanes' } },
    };
    const engine = await testLoad(bytes, { options }).run();
    expect(engine.info).toMatchObject({ model: { contextLength: 100 }, kvCacheTokens: 256 });
    expect(engine.stats().variants).toEqual({ matvec: 'lanes' });
    await engine.close();
  });

  it('runs the shapes that round with precision "fast", and is another model to those who compare answers', async () => {
    const quantised = new Uint8Array((await readZoo('quant-Q4_1')).bytes);
    const of = async (options: Readonly<Record<string, unknown>>) => {
      const engine = await testLoad(quantised, { options }).run();
      await engine.close();
      return [engine.stats().variants, engine.info.systemFingerprint] as const;
    };
    const [exact, fingerprint] = await of({});
    expect(exact).toEqual({ matvec: 'rows' });
    const [inBytes, second] = await of({ precision: 'fast', debug: { variants: { int8: 'int8-rows' } } });
    expect(inBytes).toEqual({ ...exact, int8: 'int8-rows' });
    const [inHalves, third] = await of({ precision: 'fast', debug: { variants: { f16: 'f16-rows' } } });
    expect(inHalves).toEqual({ ...exact, f16: 'f16-rows' });
    expect(new Set([fingerprint, second, third]).size).toBe(3);
  });

  it('fingerprints what an answer depends on, and nothing else', async () => {
    const of = async (options: Readonly<Record<string, unknown>>): Promise<string> => {
      const engine = await testLoad(bytes, { options }).run();
      await engine.close();
      return engine.info.systemFingerprint;
    };
    const plain = await of({});
    expect(await of({ maxConcurrent: 2, contextLength: 64, debug: { chunkTokens: 3, depth: 1 } })).toBe(plain);
    const others = [
      await of({ kvCacheType: 'f16' }),
      await of({ kvCacheType: 'q8_0' }),
      await of({ debug: { variants: { matvec: 'lanes' } } }),
    ];
    expect(new Set([plain, ...others]).size).toBe(4);
  });

  it('fingerprints how many positions are summed up at a time, which the longest text decides', async () => {
    const file = bytes.slice();
    const key = 'llama.context_length';
    const at = new TextDecoder('latin1').decode(file).indexOf(key) + key.length;
    new DataView(file.buffer).setUint32(at + 4, 32_768, true); // behind its type
    const of = async (contextLength: number): Promise<string> => {
      const engine = await testLoad(file, { options: { contextLength } }).run();
      await engine.close();
      return engine.info.systemFingerprint;
    };
    const [shortest, short, long, longer, longest] = await Promise.all([64, 8192, 8193, 16_384, 16_385].map(of));
    expect(short).toBe(shortest);
    expect(longer).toBe(long);
    expect(new Set([short, long, longest]).size).toBe(3);
  });

  it('needs no size of the file', async () => {
    const engine = await testLoad(bytes, { host: { source: unsizedSource(bytes) } }).run();
    expect(engine.info.model.sizeBytes).toBe(bytes.byteLength);
    await engine.close();
  });
});

describe('a load that fails', () => {
  const WRONG = '0'.repeat(64);

  it('names a hash that is not the expected one', async () => {
    const { code, message } = await failing(bytes, { options: { sha256: WRONG } });
    expect(code).toBe('corrupt-model');
    expect(message).toContain(LLAMA_SHA256);
    expect(message).toContain(WRONG);
  });

  it('names the size of heads that a type of KV cache cannot take', async () => {
    const options = { kvCacheType: 'q8_0' };
    const heads16 = new Uint8Array((await readZoo('granite')).bytes);
    expect(await failing(heads16, { options })).toMatchObject({
      code: 'invalid-request',
      param: 'kvCacheType',
      message: expect.stringContaining('heads of size 16 (32 elements of one share a scale). Choose "f16"'),
    });
  });

  it('holds the server to the hash it promised', async () => {
    const error = await failing(bytes, { host: { source: unsizedSource(bytes, WRONG) } });
    expect(error.code).toBe('corrupt-model');
    const right = { source: unsizedSource(bytes, LLAMA_SHA256) };
    await (await testLoad(bytes, { host: right }).run()).close();
  });

  it.each([1, 10_000, 1_900_000])('says that a file was cut by %i bytes', async (lost) => {
    const cut = bytes.slice(0, bytes.byteLength - lost);
    expect(await failing(cut)).toMatchObject({ code: 'bad-gguf', message: expect.stringContaining('cut short') });
    const unsized = await failing(cut, { host: { source: unsizedSource(cut) } });
    expect(unsized).toMatchObject({ code: 'bad-gguf', message: expect.stringContaining('cut') });
  });

  it('says what is no model', async () => {
    expect(await failing(new TextEncoder().encode('<!doctype html>'))).toMatchObject({ code: 'bad-gguf' });
    expect(await failing(new Uint8Array())).toMatchObject({ code: 'bad-gguf' });
  });

  it('names an architecture it does not know', async () => {
    const file = tinyGguf({ metadata: { 'general.architecture': 'rwkv7' } });
    expect(await failing(file)).toMatchObject({
      code: 'unsupported-architecture',
      message: expect.stringContaining('rwkv7'),
    });
  });

  it('refuses a tokenizer that knows more tokens than the embedding', async () => {
    const metadata = {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'smollm',
      'tokenizer.ggml.tokens': Array.from({ length: 42 }, (_, i) => String.fromCharCode(33 + i)),
      'tokenizer.ggml.token_type': new Int32Array(42).fill(1),
      'tokenizer.ggml.merges': ['! "'],
    };
    expect(await failing(tinyGguf({ metadata }))).toMatchObject({
      code: 'bad-gguf',
      message: expect.stringContaining('42 tokens, the embedding only 41'),
    });
  });

  it('names options that contradict the model', async () => {
    expect(await failing(bytes, { options: { contextLength: 2049 } })).toMatchObject({
      code: 'invalid-request',
      param: 'contextLength',
    });
    const options = { debug: { variants: { matvec: 'magic' } } };
    expect(await failing(bytes, { options })).toMatchObject({
      code: 'invalid-request',
      param: 'debug.variants.matvec',
    });
  });

  const full = (): ForgelightError => new ForgelightError('out-of-memory', 'The graphics memory is full.');

  it.each(['token_embd.weight', 'kv.1', 'logits', 'step'])(
    'hands on that there is no memory for %s',
    async (buffer) => {
      const base = createReferenceDevice();
      const createBuffer = (label: string, sizeBytes: number) => {
        if (label === buffer) throw full();
        return base.createBuffer(label, sizeBytes);
      };
      expect(await failing(bytes, { device: withOverrides(base, { createBuffer }) })).toMatchObject({
        code: 'out-of-memory',
      });
    },
  );

  it.each([1, 2])('hands on that memory ran out by flush %i', async (call) => {
    let calls = 0;
    const flush = async (): Promise<void> => {
      calls += 1;
      if (calls === call) throw full();
    };
    const device = withOverrides(createReferenceDevice(), { flush });
    expect(await failing(bytes, { device })).toMatchObject({ code: 'out-of-memory' });
  });

  it.each(['prepare', 'submit'] as const)('hands on that the device was lost in %s', async (method) => {
    const lost = async (): Promise<never> => {
      throw new ForgelightError('device-lost', 'The GPU was lost.');
    };
    const device = withOverrides(createReferenceDevice(), { [method]: lost });
    expect(await failing(bytes, { device })).toMatchObject({ code: 'device-lost' });
  });

  it('ends its download, whose reason is its own', async () => {
    const source = blobSource(new Blob([bytes]));
    const reasons: unknown[] = [];
    const open = async (signal: AbortSignal) => {
      const opened = await source.open(signal);
      const { stream } = opened;
      const cancel = (reason: unknown) => (reasons.push(reason), stream.cancel(reason));
      return { ...opened, stream: { read: () => stream.read(), cancel } };
    };
    const flush = (): Promise<void> => Promise.reject(full());
    const device = withOverrides(createReferenceDevice(), { flush });
    const error = await failing(bytes, { device, host: { source: { label: source.label, open } } });
    expect(reasons).toEqual([error]);
  });

  it('opens no source without a device', async () => {
    const openDevice = (): Promise<Device> => Promise.reject(new ForgelightError('no-webgpu', 'none'));
    const load = testLoad(bytes, { host: { openDevice } });
    await expect(load.run()).rejects.toMatchObject({ code: 'no-webgpu' });
    expect(load.progress).toEqual([]);
  });
});

describe('a load that is aborted', () => {
  const reason = new DOMException('enough', 'AbortError');

  it.each(PHASES.filter((phase) => phase !== 'ready'))(
    'in phase %s rejects with the reason and frees everything',
    async (phase) => {
      const load = testLoad(bytes, {
        clock: hastyClock(),
        onProgress: (progress) => {
          if (progress.phase === phase) load.abort.abort(reason);
        },
      });
      await expect(load.run()).rejects.toBe(reason);
      expect(load.progress.at(-1)?.phase).toBe(phase);
      await expectClosed(load.device);
      expect(load.device.counters().buffersCreated > 0).toBe(phase !== 'probe');
    },
  );

  it('before it began does not read a byte', async () => {
    const load = testLoad(bytes);
    load.abort.abort(reason);
    await expect(load.run()).rejects.toBe(reason);
    await expectClosed(load.device);
    expect(load.device.counters().buffersCreated).toBe(0);
  });

  it.each(['flush', 'prepare', 'submit'] as const)('does not wait for a %s that never ends', async (method) => {
    const load = testLoad(bytes, {
      device: withOverrides(createReferenceDevice(), {
        [method]: () => {
          load.abort.abort(reason);
          return new Promise(() => undefined);
        },
      }),
    });
    await expect(load.run()).rejects.toBe(reason);
    await expectClosed(load.device);
  });

  it('while pipelines are made rejects with the reason, whatever becomes of them', async () => {
    const base = createReferenceDevice();
    const prepare = (): Promise<never> => Promise.reject(new Error('destroyed'));
    const load = testLoad(bytes, {
      clock: hastyClock(),
      device: withOverrides(base, { prepare }),
      onProgress: ({ phase }) => {
        if (phase === 'compile') load.abort.abort(reason);
      },
    });
    await expect(load.run()).rejects.toBe(reason);
    await expectClosed(load.device);
  });
});
