import { describe, expect, it } from 'vitest';
import { ScriptedServer } from '../../test/support/scripted-server';
import { asDaemon, useCommand } from './testing/run-command';

/** As a server, a file's name or a driver may hold them: clear the screen, and the 8-bit form of the same. */
const HOSTILE = 'Slow\u001b[2J\u009b2J\u007f.';
const HARMLESS = 'Slow\ufffd[2J\ufffd2J\ufffd.';
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

const { run, daemon } = useCommand();

const failed = asDaemon(() => {
  const state = { status: 'failed', error: { code: 'timeout', message: HOSTILE } };
  return Promise.resolve(Response.json({ pid: 7, version: '1.2.3', backend: 'engine', requests: 0, state }));
});

describe('what commands write', () => {
  it.each([
    [true, HARMLESS],
    [false, HOSTILE],
  ])('to a terminal (%j) holds nothing that commands it; elsewhere it is as it came', async (outIsTerminal, words) => {
    await daemon();
    const { out } = await run(['ps'], { fetch: failed, outIsTerminal });
    expect(out).toContain(`Failed: ${words}\n`);
  });

  it('holds nothing in JSON either that commands a terminal', async () => {
    await daemon();
    const seen = await run(['ps', '--json'], { fetch: failed, outIsTerminal: true });
    expect(seen.out).not.toMatch(CONTROLS);
    expect(JSON.parse(seen.out)).toMatchObject({ state: { status: 'failed' } });
    const piped = await run(['ps', '--json'], { fetch: failed });
    expect(JSON.parse(piped.out)).toMatchObject({ state: { error: { message: HOSTILE } } });
  });

  it('as an error holds none either, and as JSON says the same', async () => {
    const told = await run(['rm', HOSTILE]);
    expect(told.err).toContain(`"${HARMLESS}" is not here`);
    const { err } = await run(['rm', HOSTILE, '--json']);
    expect(err).not.toMatch(CONTROLS);
    expect(JSON.parse(err)).toMatchObject({ error: { message: expect.stringContaining(HOSTILE) as string } });
    expect((await run([HOSTILE])).err).toContain(`no command "${HARMLESS}"`);
  });

  it('holds no names of files that were decoded of their addresses', async () => {
    const body = new Uint8Array(5000).fill(1);
    body.set(new TextEncoder().encode('GGUF'));
    const { fetch } = new ScriptedServer(body);
    const address = 'https://models.test/a%1b%5b2J.gguf';
    const pulled = await run(['pull', address], { fetch, outIsTerminal: true, isTerminal: true });
    expect(pulled.err).toMatch(/\r\u001b\[K100 %/);
    expect(pulled.err.replaceAll('\r\u001b[K', '')).not.toMatch(CONTROLS);
    expect((await run(['list'], { outIsTerminal: true })).out).toContain('a\ufffd[2J.gguf');
    expect((await run(['rm', address], { outIsTerminal: true })).out).toBe('Deleted a\ufffd[2J.gguf\n');
  });

  it.each([true, false])('keeps a name in its row, whatever that is (terminal: %j)', async (outIsTerminal) => {
    const body = new Uint8Array(5000).fill(1);
    body.set(new TextEncoder().encode('GGUF'));
    const { fetch } = new ScriptedServer(body);
    const address = 'https://models.test/a%0a-%20%20%20ok%09%c2%85b.gguf';
    expect((await run(['pull', address], { fetch })).code).toBe(0);
    const { out } = await run(['list'], { outIsTerminal });
    expect(out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^HASH/),
      expect.stringMatching(/ ok +a\ufffd- {3}ok\ufffd\ufffdb\.gguf$/),
    ]);
    const { out: json } = await run(['list', '--json']);
    expect(JSON.parse(json)).toMatchObject([{ fileName: 'a\n-   ok\t\u0085b.gguf' }]);
    expect((await run(['rm', address], { outIsTerminal })).out).toBe('Deleted a\ufffd-   ok\ufffd\ufffdb.gguf\n');
  });

  it('keeps the names of what is loaded in their line', async () => {
    await daemon();
    const state = { status: 'ready', model: 'a\nRequests: 9', device: 'gpu\nRequests: 8' };
    const about = { pid: 7, version: '1.2.3', backend: 'upstream', requests: 0, state };
    const loaded = asDaemon(() => Promise.resolve(Response.json(about)));
    expect((await run(['ps'], { fetch: loaded })).out).not.toMatch(/^Requests: [98]/m);
    const loading = { ...about, backend: 'engine', state: { ...state, status: 'loading', loaded: 1, total: 2 } };
    const { out } = await run(['ps'], { fetch: asDaemon(() => Promise.resolve(Response.json(loading))) });
    expect(out).toContain('Loading: a\ufffdRequests: 9, 50 %\n');
  });
});
