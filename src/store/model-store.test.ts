import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScriptedServer } from '../../test/support/scripted-server';
import type { ModelSource } from './source';
import { partKey } from './store-names';
import { MemoryGround } from './testing/memory-ground';
import { ADDRESS, content, sha256Of, Visit } from './testing/visits';

const body = content(200);
const hash = sha256Of(body);
const OTHER = 'https://mirror/same.gguf';

function setup(): { ground: MemoryGround; server: ScriptedServer; visit: Visit } {
  const ground = new MemoryGround();
  return { ground, server: Object.assign(new ScriptedServer(body), { chunkBytes: 10 }), visit: new Visit(ground) };
}

describe('a model that is loaded', () => {
  it('is kept in one pass, and comes out of the store next time', async () => {
    const { ground, server, visit } = setup();
    expect(await visit.load(server)).toEqual(body);
    expect(visit.opened?.digest?.()).toBe(hash);
    expect(visit.tab.persistAsked).toBe(1);
    expect(ground.files.get(`blobs/${hash}.gguf`)?.bytes).toEqual(body);
    const later = new Visit(ground);
    expect(await later.load(server)).toEqual(body);
    expect(later.opened).toMatchObject({ resumedBytes: 200, sha256: hash, sizeBytes: 200, fileName: 'model.gguf' });
    expect(later.opened?.digest?.()).toBe(hash);
    expect(server.requests.length).toBe(1);
    expect(await later.drain(later.store.stored(hash))).toEqual(body);
    expect(await later.store.list()).toMatchObject([{ state: 'ok', sha256: hash, names: [ADDRESS], sizeBytes: 200 }]);
    expect(await later.store.totalBytes()).toBe(200);
    expect(visit.reports).toEqual([]);
  });

  it('goes on where it was stopped: everything that came is used', async () => {
    const { ground, server, visit } = setup();
    await expect(visit.load(server, { abortAfterBytes: 95 })).rejects.toThrow('enough');
    expect(await visit.store.list()).toMatchObject([
      { state: 'partial', receivedBytes: 100, sizeBytes: 200, address: ADDRESS },
    ]);
    const later = new Visit(ground);
    expect(await later.load(server)).toEqual(body);
    expect(later.opened).toMatchObject({ resumedBytes: 100 });
    expect(server.requests[1]?.get('range')).toBe('bytes=100-');
    expect(server.requests[1]?.get('if-range')).toBe('"one"');
    expect(await later.store.list()).toMatchObject([{ state: 'ok' }]);
  });

  it('is in order before its reader hears that it was aborted', async () => {
    const { ground, server, visit } = setup();
    const source = visit.store.source(visit.network(server, ADDRESS));
    const { stream } = await source.open(visit.abort.signal);
    await stream.read();
    visit.abort.abort('enough');
    await expect(stream.read()).rejects.toBe('enough');
    expect(ground.locks.heldNames).toEqual([]);
    expect(await visit.store.list()).toMatchObject([{ state: 'partial', receivedBytes: 10 }]);
  });

  it.each([
    ['its server has no ranges', { ranges: false }, /no range requests/, body],
    ['it changed', { etag: '"two"', body: content(200, 2) }, /changed on the server/, content(200, 2)],
    ['it changed and is shorter', { etag: '"two"', body: content(50, 2) }, /changed on the server/, content(50, 2)],
  ])('begins again when %s, and says so', async (_, change, note, expected) => {
    const { ground, server, visit } = setup();
    await expect(visit.load(server, { abortAfterBytes: 95 })).rejects.toThrow('enough');
    Object.assign(server, change);
    const later = new Visit(ground);
    expect(await later.load(server)).toEqual(expected);
    expect(later.opened).toMatchObject({ resumedBytes: 0, notes: [expect.stringMatching(note)] });
  });

  it('begins again when nobody can say whether it changed', async () => {
    const { ground, server, visit } = setup();
    server.etag = null;
    await expect(visit.load(server, { abortAfterBytes: 95 })).rejects.toThrow('enough');
    server.body = content(200, 2);
    expect(await new Visit(ground).load(server)).toEqual(content(200, 2));
  });

  it('is not kept when its hash is another than expected', async () => {
    const { ground, server, visit } = setup();
    const failure = { code: 'corrupt-model', message: expect.stringMatching(/expected a{64}/) };
    await expect(visit.load(server, { sha256: 'a'.repeat(64) })).rejects.toMatchObject(failure);
    expect([...ground.files.keys(), ...ground.records.keys(), ...ground.locks.heldNames]).toEqual([]);
  });

  it('is not fetched when its server says that it has another hash than expected', async () => {
    const { ground, server, visit } = setup();
    server.headers = { 'x-linked-etag': `"${hash}"` };
    await expect(visit.load(server, { sha256: 'ab'.repeat(32) })).rejects.toMatchObject({
      code: 'corrupt-model',
      message: expect.stringContaining(hash),
    });
    expect(visit.received).toEqual([]);
    expect(server.signals.every(({ aborted }) => aborted)).toBe(true);
    expect([ground.locks.heldNames, ground.usedBytes]).toEqual([[], 0]);
    expect(await visit.load(server, { sha256: hash })).toEqual(body);
  });

  it('is not kept when nobody wants that', async () => {
    const { ground, server, visit } = setup();
    expect(await visit.load(server, { keep: false })).toEqual(body);
    expect(ground.files.size + ground.records.size).toBe(0);
  });

  it('is stored once under two names', async () => {
    const { ground, server, visit } = setup();
    await visit.load(server);
    expect(await new Visit(ground).load(server, { address: OTHER })).toEqual(body);
    expect(await visit.store.list()).toMatchObject([{ state: 'ok', names: [ADDRESS, OTHER] }]);
    expect(ground.files.size).toBe(1);
    // Where its hash is known beforehand, it is not fetched a second time.
    server.headers = { 'x-linked-etag': `"${hash}"` };
    const third = new Visit(ground);
    expect(await third.load(server, { address: 'https://third/model.gguf' })).toEqual(body);
    expect(third.opened?.resumedBytes).toBe(200);
    const requests = server.requests.length;
    expect(await new Visit(ground).load(server, { address: 'https://fourth/x.gguf', sha256: hash })).toEqual(body);
    expect(server.requests.length).toBe(requests);
    expect(ground.files.size).toBe(1);
    // Else the parts of a model that came from two places would never lie beside each other.
    expect(await visit.store.list()).toMatchObject([{ names: expect.arrayContaining(['https://fourth/x.gguf']) }]);
  });
});

describe('a model that was damaged', () => {
  it('is told by its hash, put aside, and fetched again when it is asked for again', async () => {
    const { ground, server, visit } = setup();
    await visit.load(server);
    visit.source?.close();
    ground.damage('blobs');
    const later = new Visit(ground);
    const failure = {
      code: 'corrupt-model',
      message: expect.stringMatching(/damaged.*SHA-256.*put aside.*Load it again/s),
    };
    await expect(later.load(server)).rejects.toMatchObject(failure);
    expect([...ground.files.keys()]).toEqual([`quarantine/${hash}.gguf`]);
    expect(await later.store.list()).toMatchObject([{ state: 'corrupt', reason: expect.stringMatching(/SHA-256/) }]);
    await expect(later.drain(later.store.stored(hash))).rejects.toMatchObject({ code: 'corrupt-model' });
    expect(await later.load(server)).toEqual(body);
    expect([...ground.files.keys()]).toEqual([`blobs/${hash}.gguf`]);
    expect(await later.store.list()).toMatchObject([{ state: 'ok', reason: null }]);
  });

  it.each([
    ['a record that is torn', (ground: MemoryGround) => void ground.tear('models'), /record is damaged/],
    ['a file that is gone', (ground: MemoryGround) => ground.files.clear(), /file is missing/],
    [
      'a file that was cut',
      (ground: MemoryGround) => {
        for (const file of ground.files.values()) file.bytes = file.bytes.slice(1);
      },
      /199 bytes instead of 200/,
    ],
  ])('is told by %s', async (_, damage, reason) => {
    const { ground, server, visit } = setup();
    await visit.load(server);
    visit.source?.close();
    damage(ground);
    expect(await visit.store.read(hash)).toMatchObject({ state: 'corrupt', reason: expect.stringMatching(reason) });
    expect(await visit.store.list()).toMatchObject([{ state: 'corrupt', reason: expect.stringMatching(reason) }]);
    const failure = { code: 'corrupt-model', message: expect.stringMatching(reason) };
    await expect(visit.drain(visit.store.stored(hash))).rejects.toMatchObject(failure);
    expect(await visit.load(server)).toEqual(body);
    expect(await visit.store.read(hash)).toMatchObject({ state: 'ok' });
  });

  it('is told of a journal too: the download begins again, and says so', async () => {
    const { ground, server, visit } = setup();
    await expect(visit.load(server, { abortAfterBytes: 95 })).rejects.toThrow('enough');
    ground.tear('parts');
    const address = expect.stringMatching(/^part:/);
    expect(await visit.store.list()).toMatchObject([
      { state: 'partial', address, reason: expect.stringMatching(/JSON/) },
    ]);
    const later = new Visit(ground);
    expect(await later.load(server)).toEqual(body);
    expect(later.opened).toMatchObject({
      resumedBytes: 0,
      notes: [expect.stringMatching(/record of an earlier.*damaged/)],
    });
  });

  it('of whose download nothing is known can be discarded', async () => {
    const { ground, server, visit } = setup();
    await expect(visit.load(server, { abortAfterBytes: 95 })).rejects.toThrow('enough');
    ground.tear('parts');
    const [entry] = await visit.store.list();
    expect(entry?.state === 'partial' && (await visit.store.discard(entry.address))).toBe(true);
    expect(ground.files.size + ground.records.size).toBe(0);
  });

  it('is repaired from the addresses that it came from', async () => {
    const { ground, server, visit } = setup();
    await visit.load(server);
    visit.source?.close();
    const sourceOf = (address: string): ModelSource => visit.network(server, address);
    const { signal } = new AbortController();
    ground.files.clear();
    await visit.store.repair(hash, sourceOf, signal);
    expect(await visit.store.read(hash)).toMatchObject({ state: 'ok' });
    expect(server.requests.length).toBe(2);
    await visit.store.repair(hash, sourceOf, signal);
    expect(server.requests.length).toBe(2);
    // A torn record has lost them.
    ground.tear('models');
    await expect(visit.store.repair(hash, sourceOf, signal)).rejects.toThrow(/not known where it came from/);
    expect(await visit.load(server)).toEqual(body);
  });

  it('is not repaired where it is not there, where there is no room, or where nobody gives it: each is said', async () => {
    const { ground, server, visit } = setup();
    const { signal } = new AbortController();
    const sourceOf = (address: string): ModelSource => visit.network(server, address);
    const failure = (): Promise<unknown> => visit.store.repair(hash, sourceOf, signal).catch((error: unknown) => error);
    expect(await failure()).toMatchObject({ code: 'invalid-request' });
    await visit.load(server);
    visit.source?.close();
    ground.files.clear();
    server.replies.set(1, () => new Response('', { status: 404 }));
    expect(await failure()).toMatchObject({ code: 'corrupt-model', message: expect.stringContaining('404') });
    ground.quotaBytes = 100;
    expect(await failure()).toMatchObject({ code: 'quota-exceeded' });
  });

  it('does not go on from a part that was damaged, though nobody promised a hash', async () => {
    const { ground, server, visit } = setup();
    await expect(visit.load(server, { abortAfterBytes: 95 })).rejects.toThrow('enough');
    ground.damage('parts');
    const later = new Visit(ground);
    const failure = {
      code: 'corrupt-model',
      message: expect.stringMatching(/earlier download left of it was damaged/),
    };
    await expect(later.load(server)).rejects.toMatchObject(failure);
    expect(await later.load(server)).toEqual(body);
  });
});

it('a download that ended before its journal did is a whole model, and nothing besides', async () => {
  const { server, visit } = setup();
  await visit.load(server);
  const identity = { sizeBytes: 200, etag: '"one"', lastModified: null, sha256: null };
  const journal = { version: 1, address: ADDRESS, fileName: 'model.gguf', identity, durableBytes: 200 };
  const { records } = visit.tab.ports;
  const key = await partKey(ADDRESS);
  await records.put('parts', key, { ...journal, durableSha256: hash });
  expect(await visit.store.list()).toMatchObject([{ state: 'ok', sha256: hash }]);
  await visit.store.sweep();
  expect(await records.keys('parts')).toEqual([]);
});

describe('the room that there is', () => {
  it('is said to be missing, with what could go, and what came is kept', async () => {
    const { ground, server, visit } = setup();
    await visit.load(server);
    visit.source?.close();
    const next = Object.assign(new ScriptedServer(content(150, 3)), { chunkBytes: 10 });
    ground.quotaBytes = 265;
    const later = new Visit(ground);
    const failure = {
      code: 'quota-exceeded',
      message: expect.stringMatching(
        /90 B more are needed\. Delete.*model\.gguf \(200 B\).*received is kept.*keep: false/,
      ),
    };
    await expect(later.load(next, { address: OTHER })).rejects.toMatchObject(failure);
    expect(await later.store.couldGo(90)).toMatchObject([{ sha256: hash }]);
    expect(await later.store.delete(hash)).toBe(true);
    expect(await later.load(next, { address: OTHER })).toEqual(content(150, 3));
    expect(later.opened?.resumedBytes).toBe(60);
  });

  it.each([
    ['for some of it', 265, 60],
    ['for a few bytes', 201, 0],
    ['for nothing', 200, 0],
  ])('where there is none, %s, a model is loaded all the same, and not kept', async (_what, quotaBytes, keptBytes) => {
    const { ground, server, visit } = setup();
    await visit.load(server);
    const whole = content(150, 3);
    const next = (): ScriptedServer => Object.assign(new ScriptedServer(whole), { chunkBytes: 10 });
    ground.quotaBytes = quotaBytes;
    const later = new Visit(ground);
    expect(await later.load(next(), { address: OTHER, whenFull: 'pass' })).toEqual(whole);
    expect(later.opened?.notes).toEqual([
      expect.stringMatching(/no room to keep.*again next time\. Delete .*model\.gguf/),
    ]);
    expect(later.opened?.digest?.()).toBe(sha256Of(whole));
    expect((await later.store.list()).filter(({ state }) => state === 'ok')).toHaveLength(1);
    // Nobody has to wait for it, and what was kept of it is not lost.
    ground.quotaBytes = Number.POSITIVE_INFINITY;
    const again = new Visit(ground);
    expect(await again.load(next(), { address: OTHER })).toEqual(whole);
    expect(again.opened?.resumedBytes).toBe(keptBytes);
  });

  it('where a browser drops what was written, a model is loaded all the same too', async () => {
    const { ground, server } = setup();
    const schedule = (name: string): Promise<void> => {
      if (name.startsWith('flush')) for (const file of ground.files.values()) file.bytes = new Uint8Array(0);
      return Promise.resolve();
    };
    const visit = new Visit(ground, { schedule });
    expect(await visit.load(server, { whenFull: 'pass' })).toEqual(body);
    expect(visit.opened?.notes).toEqual([expect.stringMatching(/no room to keep/)]);
    expect(await visit.store.list()).toEqual([]);
  });

  it('is said to be missing where a browser drops what was written', async () => {
    const { ground, server, visit } = setup();
    const schedule = (name: string): Promise<void> => {
      if (name.startsWith('flush')) for (const file of ground.files.values()) file.bytes = new Uint8Array(0);
      return Promise.resolve();
    };
    const failure = { code: 'quota-exceeded', message: expect.stringMatching(/no room to keep model\.gguf/) };
    await expect(new Visit(ground, { schedule }).load(server)).rejects.toMatchObject(failure);
    expect(await visit.load(server)).toEqual(body);
  });

  it('is not taken from a model that is in use, in whichever tab', async () => {
    const { ground, server, visit } = setup();
    await visit.load(server);
    const { store } = new Visit(ground);
    await expect(store.delete(hash)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringMatching(/model.gguf is in use/),
    });
    visit.tab.kill();
    expect(await store.delete(hash)).toBe(true);
    expect(await store.delete(hash)).toBe(false);
    expect(ground.files.size + ground.records.size).toBe(0);
  });

  it('is given back by discarding a download', async () => {
    const { ground, server, visit } = setup();
    await expect(visit.load(server, { abortAfterBytes: 95 })).rejects.toThrow('enough');
    expect(await visit.store.discard(ADDRESS)).toBe(true);
    expect(await visit.store.discard(ADDRESS)).toBe(false);
    expect(ground.files.size + ground.records.size).toBe(0);
  });

  it('is swept of what nothing speaks of, and of nothing else', async () => {
    const { ground, server, visit } = setup();
    await visit.load(server);
    await expect(new Visit(ground).load(server, { address: OTHER, abortAfterBytes: 50 })).rejects.toThrow('enough');
    const stray = { bytes: body, durableBytes: 200 };
    ground.files.set(`blobs/${'b'.repeat(64)}.gguf`, stray);
    ground.files.set(`parts/${'c'.repeat(64)}.part`, stray);
    ground.files.set(`quarantine/${'d'.repeat(64)}.gguf`, stray);
    expect(await visit.store.sweep()).toBe(600);
    expect(ground.files.size).toBe(2);
    expect(await visit.store.list()).toMatchObject([{ state: 'ok' }, { state: 'partial', receivedBytes: 50 }]);
  });
});

describe('a model that somebody deletes', () => {
  it('is there or not, for whoever reads it meanwhile, and is never called damaged', async () => {
    const seen = new Set<string>();
    const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const { ground, server, visit } = setup();
      await visit.load(server);
      visit.source?.close();
      const schedule = (name: string): Promise<void> => scheduler.schedule(Promise.resolve(), name);
      const [reader, deleter] = [new Visit(ground, { schedule }), new Visit(ground, { schedule })];
      const both = Promise.all([reader.store.read(hash), deleter.store.delete(hash)]);
      const [{ state }, deleted] = await scheduler.waitFor(both);
      expect(deleted).toBe(true);
      expect(['ok', 'absent']).toContain(state);
      seen.add(state);
    });
    await fc.assert(property, { numRuns: 60, seed: 5 });
    expect(seen.size).toBe(2);
  });
});

describe('what else a store does', () => {
  it('exports a file, which is in use until it was read', async () => {
    const { server, visit } = setup();
    await visit.load(server);
    visit.source?.close();
    const { stream, sizeBytes, fileName } = await visit.store.export(hash, new AbortController().signal);
    expect([sizeBytes, fileName]).toEqual([200, 'model.gguf']);
    await expect(visit.store.delete(hash)).rejects.toMatchObject({ code: 'busy' });
    expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(body);
    expect(await visit.store.delete(hash)).toBe(true);
    await expect(visit.store.export(hash, new AbortController().signal)).rejects.toThrow(/not in the store/);
  });
});
