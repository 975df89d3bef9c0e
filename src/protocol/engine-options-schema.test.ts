import { describe, expect, it } from 'vitest';
import { KV_TYPES } from '../kernels/kv-layout';
import { parseEngineOptions } from './engine-options-schema';
import { DEFAULT_TIMEOUTS } from './timeouts';

const model = 'https://example.org/x.gguf';

describe('parseEngineOptions', () => {
  it('fills in the defaults', () => {
    expect(parseEngineOptions({ model })).toEqual({
      load: {
        model,
        maxConcurrent: 8,
        maxQueued: 64,
        kvCacheType: 'f16',
        precision: 'exact',
        keep: true,
        timeouts: DEFAULT_TIMEOUTS,
        debug: {},
      },
      device: 'auto',
      bridgeUrl: null,
      bridgeToken: null,
      workerUrl: null,
      onProgress: null,
      signal: null,
    });
  });

  it.each([
    [
      'an object of an address',
      new URL('https://example.org/x.gguf'),
      /^model has to be text: pass the href of that URL$/,
    ],
    ['bytes', new ArrayBuffer(8), /^model has to be a Blob: pass new Blob\(\[bytes\]\)$/],
    ['a view of bytes', new Uint8Array(8), /^model has to be a Blob/],
    ['anything else', {}, /^model must be a URL .* got an object$/],
  ])('says what to pass in place of %s', (_, given, message) => {
    const failure = { code: 'invalid-request', param: 'model', message: expect.stringMatching(message) };
    expect(() => parseEngineOptions({ model: given })).toThrow(expect.objectContaining(failure));
  });

  it('reads everything, and its own load options again', () => {
    const onProgress = (): void => undefined;
    const { signal } = new AbortController();
    const given = {
      model: new Blob(['x']),
      sha256: 'AB'.repeat(32),
      contextLength: 4096,
      maxConcurrent: 64,
      maxQueued: 1,
      kvCacheType: 'f32',
      kvCacheTokens: 8192,
      precision: 'fast',
      keep: false,
      timeouts: { stepMs: 10, requestMs: 20, stallMs: 30 },
      debug: {
        chunkTokens: 16,
        depth: 1,
        variants: { matvec: 'row' },
        features: [],
        limits: { maxBufferSize: 2 ** 40 },
      },
    };
    const bridge = { bridgeUrl: 'http://127.0.0.1:8788', bridgeToken: 'abc' };
    const parsed = parseEngineOptions({
      ...{ ...given, ...bridge, device: 'bridge' },
      ...{ workerUrl: '/worker.js', onProgress, signal },
    });
    expect(parsed).toEqual({
      load: { ...given, sha256: 'ab'.repeat(32) },
      device: 'bridge',
      ...bridge,
      workerUrl: '/worker.js',
      onProgress,
      signal,
    });
    expect(parseEngineOptions(parsed.load).load).toEqual(parsed.load);
  });

  it.each(KV_TYPES)('takes a KV cache of %s', (kvCacheType) => {
    expect(parseEngineOptions({ model, kvCacheType }).load.kvCacheType).toBe(kvCacheType);
  });

  it('takes the parts of a model, mirrors and a token', () => {
    const files = [new File([], 'a'), new Blob([])];
    const given = { mirrors: ['https://a/b.gguf'], hubToken: 'hf_x' };
    expect(parseEngineOptions({ model: files, ...given }).load).toMatchObject({ model: files, ...given });
  });

  it('never shows a token', () => {
    for (const name of ['hubToken', 'bridgeToken']) {
      expect(() => parseEngineOptions({ model, [name]: 'se cret' })).not.toThrow(/se cret/);
    }
  });

  it('treats undefined as absent', () => {
    expect(parseEngineOptions({ model, sha256: undefined, timeouts: undefined, debug: { depth: undefined } })).toEqual(
      parseEngineOptions({ model }),
    );
  });

  it.each([
    [{ model: '' }, 'model', 'must be a URL'],
    [{ model: 5 }, 'model', 'got 5'],
    [{ sha256: 'abc' }, 'sha256', 'must be 64 hexadecimal digits, got "abc"'],
    [{ model: [] }, 'model', 'got an empty array'],
    [{ model: ['https://a/b.gguf'] }, 'model', 'must be a URL'],
    [{ mirrors: 'https://a/b.gguf' }, 'mirrors', 'must be an array'],
    [{ mirrors: [''] }, 'mirrors[0]', 'must be text'],
    [{ hubToken: 'two words' }, 'hubToken', 'is not an access token'],
    [{ hubToken: '' }, 'hubToken', 'is not an access token'],
    [{ device: 'hip' }, 'device', 'must be "auto" or "webgpu" or "bridge", got "hip"'],
    [{ bridgeUrl: 5 }, 'bridgeUrl', 'must be a URL, got 5'],
    [{ bridgeToken: 'two words' }, 'bridgeToken', 'is not an access token'],
    [{ contextLength: 0 }, 'contextLength', 'must be a whole number from 1 to'],
    [{ contextLength: NaN }, 'contextLength', 'got NaN'],
    [{ maxConcurrent: 65 }, 'maxConcurrent', 'from 1 to 64, got 65'],
    [{ maxConcurrent: 0 }, 'maxConcurrent', 'from 1 to 64, got 0'],
    [{ maxQueued: 0 }, 'maxQueued', 'got 0'],
    [{ precision: 'int8' }, 'precision', 'must be "exact" or "fast", got "int8"'],
    [{ kvCacheType: 'q4_0' }, 'kvCacheType', 'must be "f16" or "f32" or "q8_0", got "q4_0"'],
    [{ kvCacheTokens: 1.5 }, 'kvCacheTokens', 'got 1.5'],
    [{ timeouts: { stepMs: 0 } }, 'timeouts.stepMs', 'got 0'],
    [
      { timeouts: { stepMs: 20, requestMs: 20 } },
      'timeouts.stepMs',
      'must be less than timeouts.requestMs (20), got 20',
    ],
    [{ timeouts: { stepMs: 2 ** 30, requestMs: undefined } }, 'timeouts.stepMs', 'must be less than'],
    [{ timeouts: { requestMs: 1 } }, 'timeouts.requestMs', 'must be at least 2'],
    [{ timeouts: { stallMs: Infinity } }, 'timeouts.stallMs', 'got Infinity'],
    [{ timeouts: { stepMS: 5 } }, 'timeouts.stepMS', 'did you mean stepMs?'],
    [{ workerUrl: 5 }, 'workerUrl', 'must be a URL, got 5'],
    [{ onProgress: 1 }, 'onProgress', 'must be a function'],
    [{ signal: {} }, 'signal', 'must be an AbortSignal'],
    [{ debug: { depth: 3 } }, 'debug.depth', 'must be 1 or 2, got 3'],
    [{ contextLenght: 1 }, 'contextLenght', 'did you mean contextLength?'],
  ])('refuses %j', (changes, param, words) => {
    expect(() => parseEngineOptions({ model, ...changes })).toThrow(
      expect.objectContaining({ code: 'invalid-request', param, message: expect.stringContaining(words) }),
    );
  });

  it('keeps the default step below a short request', () => {
    expect(parseEngineOptions({ model, timeouts: { requestMs: 1000 } }).load.timeouts).toMatchObject({
      stepMs: 500,
      requestMs: 1000,
    });
  });
});
