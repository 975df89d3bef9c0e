import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { zooStore } from '../testing/zoo-store';
import { FakeUpstreams, chunkFrame } from '../upstream/testing/fake-upstreams';
import { BENCH_TIMINGS } from './testing/bench-timings';
import { asDaemon, useCommand } from './testing/run-command';

const READY = { status: 'ready', model: 'tiny.gguf', device: 'reference: CPU reference' };
const PS = { pid: 7, version: '1.2.3', backend: 'engine', state: READY, requests: 2 };

const LOADING = { ...PS, state: { status: 'loading', model: 'tiny.gguf', loaded: 1, total: 4 }, requests: 0 };

/** A daemon that answers these paths. */
function daemonOf(answers: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const fetch = asDaemon((url) => {
    const { pathname, search } = new URL(url instanceof Request ? url.url : url);
    asked.push(pathname + search);
    const answer = answers[pathname];
    return Promise.resolve(answer === undefined ? new Response('', { status: 404 }) : Response.json(answer));
  });
  return { asked, fetch };
}

/** Larger than any system's numbers of processes. */
const NOBODY = 2 ** 31 - 1;

const { run, daemon } = useCommand();

describe('forgelight ps and stop', () => {
  it('shows what is loaded, where, and how much runs', async () => {
    await daemon();
    const { fetch, asked } = daemonOf({ '/v1/admin/ps': PS, '/v1/engine/stats': { gpuBytes: 12_300_000 } });
    expect(await run(['ps'], { fetch })).toEqual({
      code: 0,
      out:
        'Forgelight 1.2.3 at http://127.0.0.1:1, process 7\nLoaded: tiny.gguf, on reference: CPU reference\n' +
        'Memory of the device: 12.3 MB\nRequests: 2\n',
      err: '',
    });
    expect(asked).toEqual(['/v1/admin/ps', '/v1/admin/ps', '/v1/engine/stats?model=tiny.gguf']);
    const json = JSON.parse((await run(['ps', '--json'], { fetch })).out) as object;
    expect(json).toEqual({ ...PS, url: 'http://127.0.0.1:1', memoryBytes: 12_300_000 });
  });

  it.each([
    [{ status: 'idle' }, 'Nothing is loaded.'],
    [{ status: 'loading', model: 'm', loaded: 1, total: 4 }, 'Loading: m, 25 %'],
    [{ status: 'loading', model: 'm', loaded: 0, total: 0 }, 'Loading: m, 0 %'],
    [{ status: 'restarting', model: 'm', attempt: 2 }, 'The engine is started again (attempt 2): m'],
    [{ status: 'failed', error: { code: 'timeout', message: 'Slow.' } }, 'Failed: Slow.'],
  ])('shows the state %j', async (state, words) => {
    await daemon();
    const { fetch } = daemonOf({ '/v1/admin/ps': { ...PS, state } });
    expect(await run(['ps'], { fetch })).toMatchObject({
      code: 0,
      out: expect.stringContaining(`\n${words}\n`) as string,
    });
  });

  it('shows which servers elsewhere answer', async () => {
    await daemon();
    const state = { status: 'ready', model: 'm', device: 'upstream: http://a:1' };
    const { fetch, asked } = daemonOf({ '/v1/admin/ps': { ...PS, backend: 'upstream', state } });
    expect((await run(['ps'], { fetch })).out).toContain('\nPasses requests on to http://a:1\n');
    expect(asked).toEqual(['/v1/admin/ps']); // it has no engine whose memory could be told
  });

  it.each(['never ran', 'was killed'])('needs a daemon, and one that %s is none', async (what) => {
    if (what === 'was killed') await daemon(NOBODY);
    for (const args of [['ps'], ['stop']]) {
      const err = 'forgelight: The daemon does not run. Start it: forgelight serve\n';
      expect(await run(args)).toEqual({ code: 1, out: '', err });
    }
  });

  it.each([
    [[], PS, true, 0, 'Unloaded: tiny.gguf\n'],
    [['tiny.gguf'], PS, true, 0, 'Unloaded: tiny.gguf\n'],
    [['other.gguf'], PS, true, 1, '"other.gguf" is not loaded. tiny.gguf is loaded'],
    [[], PS, false, 1, '2 requests run on tiny.gguf'],
    [[], LOADING, false, 1, 'tiny.gguf is being loaded'],
    [[], { ...PS, state: { status: 'idle' } }, false, 0, 'Nothing is loaded.\n'],
    [[], { ...PS, backend: 'upstream' }, false, 1, 'A server elsewhere has the model'],
  ])('unloads: stop %j', async (names, ps, unloaded, code, words) => {
    await daemon();
    const { fetch } = daemonOf({ '/v1/admin/ps': ps, '/v1/admin/unload': { unloaded } });
    const ran = await run(['stop', ...names], { fetch });
    expect([ran.code, ran.out + ran.err]).toEqual([code, expect.stringContaining(words)]);
  });

  it('unloads a model by the beginning of its hash', async () => {
    const zoo = await zooStore(['llama']);
    onTestFinished(() => zoo.remove());
    await daemon();
    const ps = { ...PS, state: { ...READY, model: 'llama.gguf' } };
    const { fetch } = daemonOf({ '/v1/admin/ps': ps, '/v1/admin/unload': { unloaded: true } });
    const env = { FORGELIGHT_MODELS: zoo.modelsFolder };
    for (const name of [`sha256:${zoo.hashes['llama']}`, zoo.hashes['llama']?.slice(0, 8) ?? '']) {
      expect(await run(['stop', name], { fetch, env })).toEqual({ code: 0, out: 'Unloaded: llama.gguf\n', err: '' });
    }
    expect(await run(['stop', 'abcdef12'], { fetch, env })).toMatchObject({ code: 1 });
  });
});

it.each([
  ['serve', '--device', 'reference', '--port', '0'],
  ['pull', './package.json'],
])('says what to do where the folder of models cannot be: %s', async (...args) => {
  const env = { FORGELIGHT_MODELS: join(import.meta.dirname, 'version.ts', 'models') };
  const ran = await run(args, { env, signal: AbortSignal.timeout(5_000) });
  expect([ran.code, ran.err]).toEqual([
    1,
    expect.stringMatching(/version\.ts.models cannot be written to \(ENOTDIR\)/),
  ]);
});

it.each([
  ['serve', '--upstream', 'nope', '--port', '0'],
  ['doctor', '--upstream', 'nope'],
  ['selftest', 'nonsense'],
])('ends with 2 where the command line means nothing: %s %s', async (...args) => {
  const ran = await run(args, { signal: AbortSignal.timeout(5_000) });
  expect([ran.code, ran.err]).toEqual([
    2,
    expect.stringMatching(/(is no address|is no block format)[^]*\nUsage: forgelight /),
  ]);
});

describe('forgelight bench', () => {
  it('measures, and tells nothing of whose computer it is', async () => {
    const servers = new FakeUpstreams((_, index) => {
      const last = chunkFrame({}, { timings: { ...BENCH_TIMINGS, cache_n: 0, predicted_per_second: 30 + index } });
      return { kind: 'stream', frames: [chunkFrame({ content: 'x' }), last, 'data: [DONE]\n\n'], end: 'close' };
    });
    const model = '/srv/somebody/models/tiny.gguf?key=secret';
    const args = ['bench', model, '--upstream', 'http://first:1', '--runs', '2'];
    const { code, out } = await run(args, { fetch: servers.fetch });
    expect(code).toBe(0);
    expect(out).toMatch(/^## Forgelight \d+\.\d+\.\d+: tiny\.gguf\n\n- device: upstream\n- system: /);
    expect(out).toContain('| 1 | 250 | 500.0 | 64 | 31.0 |\n| 2 | 250 | 500.0 | 64 | 32.0 |\n');
    expect(out).toContain('Best: 500.0 tok/s read, 32.0 tok/s written.');
    const json = await run([...args, '--json'], { fetch: servers.fetch });
    expect(JSON.parse(json.out)).toMatchObject({ model: 'tiny.gguf', engine: null, runs: [{ prompt_n: 250 }, {}] });
    expect(out + json.out).not.toMatch(/somebody|secret|first/);
    const prompts = servers.requests.map(({ body }) => JSON.stringify((body as { messages: unknown }).messages));
    expect(new Set(prompts.slice(0, 3)).size).toBe(3);
  });

  it('needs to be told how long it took', async () => {
    const servers = new FakeUpstreams(() => ({ kind: 'stream', frames: ['data: [DONE]\n\n'], end: 'close' }));
    const ran = await run(['bench', 'tiny', '--upstream', 'http://first:1'], { fetch: servers.fetch });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('does not say how long it took')]);
  });
});

describe('forgelight doctor', () => {
  it('finds out whether an upstream answers', async () => {
    const servers = new FakeUpstreams(() => ({ kind: 'refused' }));
    const args = ['doctor', '--upstream', 'http://first:1', '--json'];
    const ran = await run(args, { fetch: servers.fetch });
    expect(ran.code).toBe(0);
    const found = JSON.parse(ran.out) as { findings: { id: string }[]; answers: string[] };
    expect(found.answers).toContain('upstream');
    expect(found.findings).toContainEqual({
      id: 'upstream',
      status: 'ok',
      what: 'http://first:1 answers, with one model.',
      fix: null,
    });
  });

  it.each<Record<string, string>>([
    { FORGELIGHT_PORT: 'abc' },
    { FORGELIGHT_DEVICE: 'cuda' },
    { FORGELIGHT_HOST: '0.0.0.0' },
    { FORGELIGHT_PRECISION: 'x' },
  ])('looks at all else where %j means nothing to it', async (env) => {
    const servers = new FakeUpstreams(() => ({ kind: 'refused' }));
    expect(await run(['doctor', '--upstream', 'http://first:1'], { fetch: servers.fetch, env })).toMatchObject({
      code: 0,
      err: '',
    });
  });

  it('tells how it ends where nothing answers', async () => {
    const servers = new FakeUpstreams(() => ({ kind: 'refused' }));
    servers.onCheck = () => ({ kind: 'refused' });
    const env = { FORGELIGHT_UPSTREAM: 'http://first:1', FORGELIGHT_HIP_LIBRARY: '/nowhere/libamdhip64.so' };
    const ran = await run(['doctor'], { fetch: servers.fetch, env });
    expect([ran.code, ran.out]).toEqual([
      1,
      expect.stringContaining('PROBLEM  Upstream http://first:1 cannot be reached'),
    ]);
    expect(ran.out).toMatch(/\nNeither this GPU nor an upstream can answer\.\n$/);
  });
});

describe('the help of a command', () => {
  it.each(['run', 'ps', 'stop', 'doctor', 'bench', 'selftest', 'pull', 'list', 'rm', 'serve', 'pair'])(
    'says how %s is used',
    async (name) => {
      const ran = await run([name, '--help']);
      expect(ran).toMatchObject({ code: 0, err: '' });
      expect(ran.out).toMatch(
        new RegExp(`^Usage: forgelight ${name}[^]*\\n  --json +print for programs, errors too\\n$`),
      );
    },
  );
});
