import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock';
import { ScriptedServer } from '../../../test/support/scripted-server';
import { systemClock as clock } from '../../base/system-clock';
import { ModelStore } from '../model-store';
import type { ModelSource } from '../source';
import { content, sha256Of } from '../testing/visits';
import { urlSource } from '../url-source';
import { unlessMissing } from './durable';
import { NodeLocks } from './node-locks';
import { nodeStorePorts } from './node-store';
import { eventually } from '../../../test/support/eventually';

const { signal } = new AbortController();
const body = content(5000);
const hash = sha256Of(body);
let folder = '';
let programs = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'forgelight-programs-'));
  const ssr = join(import.meta.dirname, 'testing/lock-process.ts');
  const rolldownOptions = { output: { entryFileNames: 'lock-process.mjs' } };
  await build({ configFile: false, logLevel: 'error', build: { ssr, outDir: programs, rolldownOptions } });
});
afterAll(() => rm(programs, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forgelight-store-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

function openStore(): ModelStore {
  const ports = nodeStorePorts(folder, { clock, random: Math.random });
  return new ModelStore(ports, {
    clock,
    now: Date.now,
    report: (error) => expect.unreachable(String(error)),
    journalGrain: () => 500,
  });
}

function source(server: ScriptedServer): ModelSource {
  const clockOfTest = new FakeClock(10_000);
  return urlSource(new URL('https://host/model.gguf'), {
    clock: clockOfTest,
    random: () => 0.5,
    stallMs: 30_000,
    fetch: server.fetch,
  });
}

function start(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [join(programs, 'lock-process.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

describe('a store in a folder', () => {
  it('keeps a model, goes on with one, and removes it', async () => {
    const server = Object.assign(new ScriptedServer(body), { chunkBytes: 100 });
    const stopped = openStore().source(source(server));
    const opened = await stopped.open(signal);
    for (let chunk = 0; chunk < 12; chunk += 1) await opened.stream.read();
    await opened.stream.cancel(new Error('enough'));
    expect(await openStore().list()).toMatchObject([{ state: 'partial', receivedBytes: 1200 }]);
    expect(await openStore().pull(source(server), signal)).toBe(hash);
    expect(server.requests[1]?.get('range')).toBe('bytes=1200-');
    expect(new Uint8Array(await readFile(join(folder, 'blobs', `${hash}.gguf`)))).toEqual(body);
    expect(await openStore().pull(source(server), signal)).toBe(hash);
    expect(server.requests.length).toBe(2);
    const { stream } = await openStore().export(hash, signal);
    expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(body);
    expect(await openStore().sweep()).toBe(0);
    expect(await openStore().totalBytes()).toBe(5000);
    expect(await openStore().delete(hash)).toBe(true);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name)).toEqual([]);
  });

  it('says of a torn record that it is damaged', async () => {
    await openStore().pull(source(new ScriptedServer(body)), signal);
    const record = join(folder, 'records/models', `${hash}.json`);
    await writeFile(record, (await readFile(record, 'utf8')).slice(0, -9));
    expect(await openStore().read(hash)).toMatchObject({
      state: 'corrupt',
      reason: expect.stringMatching(/record is damaged.*JSON/),
    });
    expect(await openStore().list()).toMatchObject([{ state: 'corrupt', sha256: hash }]);
  });
});

describe('locks between processes', () => {
  const locks = (): NodeLocks => new NodeLocks(folder, clock, Math.random);

  it('are shared or exclusive, and free when released', async () => {
    const [one, two] = [await locks().tryAcquire('lock', 'shared'), await locks().tryAcquire('lock', 'shared')];
    expect([one, two]).not.toContain(null);
    expect(await locks().tryAcquire('lock', 'exclusive')).toBeNull();
    const waiting = locks().acquire('lock', { mode: 'exclusive', signal });
    one?.release();
    two?.release();
    two?.release();
    const alone = await waiting;
    expect(await locks().tryAcquire('lock', 'shared')).toBeNull();
    expect(await locks().tryAcquire('another', 'exclusive')).not.toBeNull();
    const stop = new AbortController();
    const stopped = locks().acquire('lock', { mode: 'shared', signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    alone.release();
    expect(await locks().tryAcquire('lock', 'exclusive')).not.toBeNull();
  });

  it('let one of several in at a time: none of 60 additions to a number is lost', async () => {
    const file = join(folder, 'number');
    await writeFile(file, '0');
    const codes = [0, 1].map(() => new Promise((exited) => start('count', folder, file, '30').on('exit', exited)));
    expect(await Promise.all(codes)).toEqual([0, 0]);
    expect(await readFile(file, 'utf8')).toBe('60');
  });

  it('are free when their process was killed', async () => {
    const child = start('hold', folder);
    await new Promise((said) => child.stdout?.once('data', said));
    expect(await locks().tryAcquire('lock', 'exclusive')).toBeNull();
    const next = locks().acquire('lock', { mode: 'exclusive', signal });
    child.kill('SIGKILL');
    (await next).release();
  });

  it('do not mind a process that dies while it is looked at', async () => {
    const dying = Object.assign(new Error('no such process, read'), { code: 'ESRCH' });
    expect(await unlessMissing(Promise.reject(dying))).toBeNull();
    const broken = Object.assign(new Error('broken'), { code: 'EIO' });
    await expect(unlessMissing(Promise.reject(broken))).rejects.toBe(broken);
  });

  it.runIf(process.platform === 'linux')(
    'of a process that is dead, and that nobody has asked about, are free',
    async () => {
      // `exec` puts a program that asks about nobody in the place of the one that has started the process.
      const child = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
      children.push(child);
      const pid = Number(String(await new Promise((said) => child.stdout.once('data', said))));
      const stat = (of = pid): Promise<string> => readFile(`/proc/${of}/stat`, 'utf8');
      // Not before: a shell might still ask.
      await eventually(async () => expect(await stat(child.pid)).toContain('(sleep)'));
      process.kill(pid, 'SIGKILL');
      await eventually(async () => expect(await stat()).toContain(') Z '));
      const start = (await stat()).split(' ').at(-31) ?? '';
      (await locks().tryAcquire('lock', 'exclusive'))?.release();
      const [lock = ''] = await readdir(join(folder, 'locks'));
      await writeFile(
        join(folder, 'locks', lock, `exclusive.held.${pid}.${start}.00000000-0000-4000-8000-000000000000`),
        '',
      );
      expect(await locks().tryAcquire('lock', 'exclusive')).not.toBeNull();
    },
  );

  it('of a process whose number somebody else has now are free', async () => {
    const claim = await locks().tryAcquire('lock', 'exclusive');
    expect(claim).not.toBeNull();
    const [lock = ''] = await readdir(join(folder, 'locks'));
    const stale = `exclusive.held.${process.pid}.1.00000000-0000-4000-8000-000000000000`;
    await writeFile(join(folder, 'locks', lock, stale), '');
    claim?.release();
    expect(await locks().tryAcquire('lock', 'exclusive')).not.toBeNull();
  });
});
