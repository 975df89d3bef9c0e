import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { ScriptedServer } from '../../test/support/scripted-server';
import { splitGguf } from '../../test/support/split-gguf';
import { systemClock as clock } from '../../src/base/system-clock';
import { nodeStorePorts } from '../../src/store/node-fs/node-store';
import { lockName } from '../../src/store/store-names';
import { runCli } from './run-cli';
import { VERSION } from './version';
import { FakeTerminal } from './testing/fake-terminal';

const ADDRESS = 'https://models.test/tiny.gguf';
const BODY = new Uint8Array(3_000_000).map((_, i) => (i * 31 + (i >> 8)) % 251);
BODY.set(new TextEncoder().encode('GGUF'));
const SHA256 = createHash('sha256').update(BODY).digest('hex');
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

function serverOf(body = BODY): ScriptedServer {
  const server = new ScriptedServer(body);
  server.chunkBytes = 100_000;
  return server;
}

/** What a command line says, and its exit code. */
async function run(
  args: readonly string[],
  { server = serverOf(), abort = new AbortController(), env = {}, onErr = (_text: string): void => undefined } = {},
) {
  let [out, err] = ['', ''];
  const code = await runCli(args, {
    out: (text) => void (out += text),
    err: (text) => {
      err += text;
      onErr(text);
    },
    outIsTerminal: false,
    isTerminal: false,
    terminal: new FakeTerminal(),
    env: { FORGELIGHT_MODELS: folder, ...env },
    signal: abort.signal,
    fetch: server.fetch,
  });
  return { code, out, err };
}

describe('forgelight pull, list, rm', () => {
  it('keeps a model, shows it, has it already, and deletes it', async () => {
    const pulled = await run(['pull', ADDRESS]);
    expect(pulled).toMatchObject({ code: 0, out: `Kept: ${ADDRESS}, 3.0 MB, in ${folder}\n` });
    expect(pulled.err.match(/\d+ %/g)).toEqual([...Array(11).keys()].map((tenth) => `${Math.max(tenth * 10, 3)} %`));
    expect((await readFile(join(folder, 'blobs', `${SHA256}.gguf`))).equals(BODY)).toBe(true);

    expect((await run(['list'])).out).toMatch(
      new RegExp(
        `^HASH +SIZE +LAST USED +STATE +FILE\n${SHA256.slice(0, 12)}  3\\.0 MB  20\\d\\d-\\d\\d-\\d\\d  ok +tiny\\.gguf\n$`,
      ),
    );
    const server = serverOf();
    expect((await run(['pull', ADDRESS], { server })).out).toBe(`Already here: ${ADDRESS}, 3.0 MB, in ${folder}\n`);
    expect(server.requests).toEqual([]);

    const short = SHA256.slice(0, 5);
    expect(await run(['rm', short])).toMatchObject({ code: 1, err: expect.stringContaining(`"${short}" is not here`) });
    expect(await run(['rm', SHA256.slice(0, 6), ADDRESS])).toEqual({ code: 0, out: 'Deleted tiny.gguf\n', err: '' });
    expect(await readdir(join(folder, 'blobs'))).toEqual([]);
    expect((await run(['list'])).out).toContain('forgelight pull <model>');
  });

  it('goes on from where Ctrl+C stopped it, shows what is unfinished, and forgets it when told to', async () => {
    const abort = new AbortController();
    const stopped = await run(['pull', ADDRESS], {
      abort,
      onErr: (text) => text.includes('50 %') && abort.abort(new DOMException('Stopped.', 'AbortError')),
    });
    expect(stopped).toMatchObject({ code: 130, out: '' });
    expect(stopped.err).toMatch(/Stopped\. What was received is kept/);
    const [partial] = JSON.parse((await run(['list', '--json'])).out) as { receivedBytes: number; state: string }[];
    expect(partial).toMatchObject({ state: 'partial', address: ADDRESS, sizeBytes: BODY.length });
    expect(partial?.receivedBytes).toBeGreaterThanOrEqual(1_500_000);
    expect((await run(['list'])).out).toMatch(/ of 3\.0 MB +- +unfinished +https:/);

    const server = serverOf();
    expect((await run(['pull', ADDRESS], { server })).code).toBe(0);
    expect(server.requests.map((headers) => headers.get('range'))).toEqual([`bytes=${partial?.receivedBytes}-`]);
  });

  it('forgets an unfinished download', async () => {
    const abort = new AbortController();
    await run(['pull', ADDRESS], { abort, onErr: (text) => text.includes('20 %') && abort.abort() });
    expect(await run(['rm', ADDRESS])).toEqual({ code: 0, out: `Deleted ${ADDRESS}\n`, err: '' });
    expect(JSON.parse((await run(['list', '--json'])).out)).toEqual([]);
    expect(await readdir(join(folder, 'parts'))).toEqual([]);
  });

  it.each([[['pull', ADDRESS]], [['pull', './package.json']], [['rm', ADDRESS]]])(
    'says which time-out is none: %j',
    async (args) => {
      const { code, err } = await run(args, { env: { FORGELIGHT_TIMEOUT_STALL_MS: 'abc' } });
      expect([code, err]).toEqual([2, expect.stringMatching(/FORGELIGHT_TIMEOUT_STALL_MS must be a whole number/)]);
    },
  );

  it('says in a terminal who may have what it cannot delete', async () => {
    await run(['pull', ADDRESS]);
    const { locks } = nodeStorePorts(folder, { clock, random: Math.random });
    const loaded = await locks.tryAcquire(lockName.blob(SHA256), 'shared');
    const { code, err } = await run(['rm', 'tiny.gguf']);
    loaded?.release();
    expect([code, err]).toEqual([
      1,
      'forgelight: tiny.gguf is in use, by the daemon or another command. End that (forgelight stop takes a model off its device), then delete it.\n',
    ]);
  });

  it('keeps nothing under a wrong hash', async () => {
    const { code, err } = await run(['pull', ADDRESS, '--sha256', '0'.repeat(64)]);
    expect([code, err]).toEqual([1, expect.stringMatching(/SHA-256/)]);
    expect((await run(['list', '--json'])).out).toBe('[]\n');
  });

  it('fetches nothing for a hash that is none', async () => {
    const server = serverOf();
    const { code, err } = await run(['pull', ADDRESS, '--sha256', '../x'], { server });
    expect([code, err, server.requests.length]).toEqual([2, expect.stringMatching(/64 hex digits/), 0]);
  });

  it('deletes by the reference that a model was pulled by, all parts of a split one', async () => {
    const [reference, split] = ['hf:o/r/tiny.gguf', 'https://models.test/m-00001-of-00002.gguf'];
    const parts = splitGguf(new Uint8Array(await readFile('test/fixtures/zoo/llama.gguf')), 2);
    const server = serverOf();
    server.fetch = (url) => {
      const part = /0000([12])-of/.exec(new Request(url).url)?.[1];
      const bytes = part === undefined ? BODY : (parts[Number(part) - 1] ?? BODY);
      const headers = { etag: '"1"', 'content-length': String(bytes.length) };
      return Promise.resolve(new Response(new Uint8Array(bytes), { headers }));
    };
    expect((await run(['pull', reference], { server })).code).toBe(0);
    expect((await run(['pull', split], { server })).out).toMatch(/^Kept/);
    expect((await run(['pull', split], { server })).out).toMatch(/^Already here/);
    expect((await run(['rm', reference])).out).toBe('Deleted tiny.gguf\n');
    expect((await run(['rm', split])).out.match(/Deleted m-0000\d-of-00002\.gguf/g)).toHaveLength(2);
    expect((await run(['list', '--json'])).out).toBe('[]\n');
  });

  it('sends the token of the hub to nobody else', async () => {
    const server = serverOf();
    await run(['pull', ADDRESS], { server, env: { HF_TOKEN: 'hf_secret' } });
    expect(server.requests.map((headers) => headers.get('authorization'))).toEqual([null]);
  });

  it('keeps a file of this computer by what it holds, whatever lies at its path later', async () => {
    const path = join(folder, 'own.gguf');
    await writeFile(path, BODY);
    expect(await run(['pull', path])).toMatchObject({ code: 0, out: `Kept: ${path}, 3.0 MB, in ${folder}\n` });
    expect((await run(['pull', pathToFileURL(path).href])).out).toMatch(/^Already here/);
    await writeFile(path, BODY.slice(0, 500_000));
    expect((await run(['pull', relative('', path)])).out).toMatch(/^Kept: .*, 500\.0 kB/);
    const hashes = (JSON.parse((await run(['list', '--json'])).out) as { sha256: string }[]).map(
      ({ sha256 }) => sha256,
    );
    expect(hashes).toHaveLength(2);
    expect(hashes).toContain(SHA256);
  });

  it('keeps all files of a split model that lie beside the one that is named', async () => {
    const parts = splitGguf(new Uint8Array(await readFile('test/fixtures/zoo/llama.gguf')), 2);
    const paths = parts.map((_, i) => join(folder, `m-0000${i + 1}-of-00002.gguf`));
    const [first = '', second = ''] = paths;
    await writeFile(first, defined(parts[0], 'a part'));
    expect(await run(['pull', first])).toMatchObject({
      code: 1,
      err: expect.stringContaining(`There is no file ${second}`),
    });
    await writeFile(second, defined(parts[1], 'a part'));
    expect((await run(['pull', first])).out).toMatch(/^Kept/);
    expect(JSON.parse((await run(['list', '--json'])).out)).toHaveLength(2);
  });

  it('has nothing where a file stands in the way of its folder, and says of what it would write that it cannot', async () => {
    const env = { FORGELIGHT_MODELS: join(folder, 'file/models'), FORGELIGHT_STATE: join(folder, 'file/state') };
    await writeFile(join(folder, 'file'), '');
    expect(await run(['list'], { env })).toMatchObject({ code: 0, out: expect.stringMatching(/^No models in/) });
    expect((await run(['ps'], { env })).err).toBe('forgelight: The daemon does not run. Start it: forgelight serve\n');
    for (const [command, variable] of [
      [['pull', ADDRESS], 'FORGELIGHT_MODELS'],
      [['pair', '--key', 'a'], 'FORGELIGHT_STATE'],
      [['serve', '--device', 'reference'], 'FORGELIGHT_MODELS'],
    ] as const) {
      const { code, err } = await run([...command], { env });
      expect([code, err]).toEqual([1, expect.stringMatching(new RegExp(`cannot be written to .*: ${variable}`))]);
    }
  });

  it.each(['ftp://models.test/x.gguf', 'ollama:llama3', 's3://b/x.gguf'])(
    'takes what looks like an address for one, and no file: %s',
    async (name) => {
      const { code, err } = await run(['pull', name]);
      expect([code, err]).toEqual([
        1,
        expect.stringContaining(`The model "${name}" cannot be used: it must be an https`),
      ]);
    },
  );

  it('keeps nothing that is no model', async () => {
    const server = serverOf(new TextEncoder().encode('# Read me'.repeat(1000)));
    const { code, err } = await run(['pull', ADDRESS], { server });
    expect([code, err]).toEqual([1, expect.stringContaining(`${ADDRESS} is no GGUF file`)]);
    expect((await run(['list', '--json'])).out).toBe('[]\n');
  });

  it('deletes nothing where one of the names means nothing, or two things', async () => {
    await run(['pull', ADDRESS]);
    const other = 'https://models.test/b/tiny.gguf';
    await run(['pull', other], { server: serverOf(BODY.slice(0, 1000)) });
    expect(await run(['rm', 'tiny.gguf'])).toMatchObject({ code: 1, err: expect.stringContaining('means 2 of them') });
    expect(await run(['rm', ADDRESS, 'ffffff'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('"ffffff" is not here'),
    });
    expect(JSON.parse((await run(['list', '--json'])).out)).toHaveLength(2);
    expect((await run(['rm', ADDRESS, other])).out).toBe('Deleted tiny.gguf\nDeleted tiny.gguf\n');
  });

  it.each([
    [['pull'], 'the name of a model is missing'],
    [['pull', 'a', 'b'], '"b" is one name too many'],
    [['pull', ADDRESS, '--fast'], "Unknown option '--fast'"],
    [['serve', '--port', '99999'], '--port must be a number from 0 to 65535'],
    [['serve', '--device', 'toaster'], '--device must be auto'],
    [['pair', '--list', '--key'], 'Give one of'],
    [['bench', 'm', '--runs', '0'], '--runs must be a whole number'],
    [['fetch', ADDRESS], 'there is no command "fetch"'],
    [['toString'], 'there is no command "toString"'],
  ])('says what is wrong with the command line %j', async (args, words) => {
    expect(await run(args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(words) });
  });

  it.each([
    ['models/x.gguf', 'There is no file'],
    ['test', 'There is no file'],
    ['package.json', 'is no GGUF file'],
    ['http://models.test/x.gguf', 'use https'],
  ])('says what is wrong with the model %s', async (reference, words) => {
    expect(await run(['pull', reference])).toMatchObject({ code: 1, err: expect.stringContaining(words) });
  });

  it('tells programs of failures as it answers them', async () => {
    const failed = await run(['rm', 'nothing', '--json']);
    expect([failed.code, failed.out, JSON.parse(failed.err)]).toEqual([
      1,
      '',
      { error: { code: 'invalid-request', message: expect.stringContaining('"nothing" is not here') } },
    ]);
    const misused = await run(['rm', '--json']);
    expect([misused.code, JSON.parse(misused.err)]).toMatchObject([2, { error: { code: 'invalid-request' } }]);
    const unknown = await run(['fly', '--json']);
    expect([unknown.code, JSON.parse(unknown.err)]).toMatchObject([2, { error: { code: 'invalid-request' } }]);
  });

  it('says which one it is, and what the options of a command are', async () => {
    for (const word of ['--version', '-V', 'version'])
      expect(await run([word])).toEqual({ code: 0, out: `${VERSION}\n`, err: '' });
    const help = await run(['help', 'serve']);
    expect(help).toEqual(await run(['serve', '--help']));
    expect((await run(['run', '--', '--help'])).out).toBe('');
    expect(help.out).toMatch(/--port N +its port.*8788 \(FORGELIGHT_PORT\)\n/);
    expect(help.out).toMatch(/--device DEVICE +auto, hip, upstream or reference/);
    expect(await run(['help', 'fly'])).toMatchObject({ code: 2, err: expect.stringContaining('no command "fly"') });
  });

  it('helps', async () => {
    expect(await run(['--help'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/pull <model>[^]*FORGELIGHT_MODELS/),
    });
    expect(await run([])).toMatchObject({ code: 2, out: expect.stringContaining('Usage') });
  });
});
