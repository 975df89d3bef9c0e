import { describe, expect, it } from 'vitest';
import { chunkFrame, FakeUpstreams } from '../upstream/testing/fake-upstreams';
import { openServeBackend } from './serve-backend';
import { openModels } from './models';
import { readServeOptions } from './serve-options';
import { FakeTerminal } from './testing/fake-terminal';

/** With servers elsewhere, and these timeouts. */
async function opened(env: Record<string, string>, fetch: typeof globalThis.fetch) {
  const cli = {
    ...{
      out: () => undefined,
      err: () => undefined,
      outIsTerminal: false,
      isTerminal: false,
      overwrite: () => undefined,
      terminal: new FakeTerminal(),
      env,
    },
    ...{ signal: new AbortController().signal, fetch },
  };
  const parts = {
    wanted: readServeOptions({}, env),
    cli,
    models: openModels(cli),
    stateFolder: '',
    log: () => undefined,
  };
  return openServeBackend(parts);
}

it('has the daemon wait as long as the environment says', async () => {
  const env = {
    FORGELIGHT_UPSTREAM: 'http://first:1',
    FORGELIGHT_TIMEOUT_DRAIN_MS: '1234',
    FORGELIGHT_TIMEOUT_STALL_MS: '5678',
  };
  const { backend, limits } = await opened(env, () => Promise.reject(new TypeError('nobody is there')));
  await backend.close();
  expect([backend.kind, limits]).toEqual(['upstream', { drainMs: 1234, stallMs: 5678 }]);
});

it.each([
  [{ FORGELIGHT_TIMEOUT_REQUEST_MS: '30' }, { kind: 'silent' }],
  [{ FORGELIGHT_TIMEOUT_STALL_MS: '30' }, { kind: 'stream', frames: [chunkFrame({ content: 'x' })], end: 'silence' }],
] as const)('waits for a server elsewhere no longer than %j', async (env, reply) => {
  const servers = new FakeUpstreams(() => reply);
  const { backend } = await opened({ ...env, FORGELIGHT_UPSTREAM: 'http://first:1' }, servers.fetch);
  const read = async (): Promise<void> => {
    const answer = await backend.chat(
      { stream: true, messages: [] },
      { signal: new AbortController().signal, asks: 'native' },
    );
    if (Symbol.asyncIterator in answer) for await (const _ of answer);
  };
  await expect(read()).rejects.toMatchObject({ code: 'timeout' });
  await backend.close();
});

describe('how models are loaded', () => {
  const load = (given: Record<string, string>, env: Record<string, string> = {}) => readServeOptions(given, env).load;

  it('is said on the command line, or in the environment, or as usual', () => {
    expect(load({})).toEqual({});
    const env = { FORGELIGHT_CONTEXT_LENGTH: '4096', FORGELIGHT_KV_CACHE_TYPE: 'q8_0', FORGELIGHT_PRECISION: 'fast' };
    const all = { contextLength: 4096, kvCacheType: 'q8_0', precision: 'fast' };
    expect(load({}, env)).toEqual(all);
    expect(load({ 'context-length': '64', precision: 'exact' }, env)).toEqual({
      ...{ ...all, contextLength: 64, precision: 'exact' },
    });
  });

  it.each([
    ['context-length', '0'],
    ['context-length', '4k'],
    ['kv-cache-type', 'q4_0'],
    ['precision', 'int8'],
  ])('takes no --%s %s', (option, value) => {
    const refused = { param: option, message: expect.stringMatching(`^--${option} must be .*${value}`) };
    expect(() => load({ [option]: value })).toThrow(expect.objectContaining(refused));
  });
});

describe('what is wrong', () => {
  it.each<[Record<string, string>, Record<string, string>, string, RegExp]>([
    [{ port: 'abc' }, {}, 'port', /^--port must be a number from 0 to 65535, and is "abc"/],
    [{}, { FORGELIGHT_PORT: 'abc' }, 'FORGELIGHT_PORT', /^FORGELIGHT_PORT must be a number from 0 to 65535/],
    [{}, { FORGELIGHT_DEVICE: 'cuda' }, 'FORGELIGHT_DEVICE', /^FORGELIGHT_DEVICE must be auto, .* and is "cuda"/],
    [{ host: 'a b' }, {}, 'host', /^--host must be an address or a name/],
    [{}, { FORGELIGHT_HOST: '0.0.0.0' }, 'FORGELIGHT_HOST', /Leave FORGELIGHT_HOST out .*--allow-network/],
    [{}, { FORGELIGHT_PRECISION: 'int8' }, 'FORGELIGHT_PRECISION', /^FORGELIGHT_PRECISION must be .*int8/],
  ])('is named as it was given: %j %j', (given, env, param, message) => {
    const refused = { param, message: expect.stringMatching(message) };
    expect(() => readServeOptions(given, env)).toThrow(expect.objectContaining(refused));
  });
});
