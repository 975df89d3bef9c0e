import { describe, expect, it } from 'vitest';
import { answerOf, chunkFrame, FakeUpstreams } from '../upstream/testing/fake-upstreams';
import { FakeTerminal } from './testing/fake-terminal';
import { asDaemon, useCommand } from './testing/run-command';

const { run, daemon } = useCommand();
const GONE = /The daemon \(process \d+\) does not answer at http:\/\/127\.0\.0\.1:1\. End it, and start it again/;
const line = (text: string) => ({ is: 'line', text }) as const;

it('a daemon that is killed ends no conversation, before an answer and within', async () => {
  await daemon();
  const servers = new FakeUpstreams((_, index) => {
    if (index === 0) return { kind: 'refused' };
    if (index === 1) return { kind: 'stream', frames: [chunkFrame({ content: 'Once' })], end: 'break' };
    return answerOf('again');
  });
  const terminal = new FakeTerminal([line('one'), line('two'), line('three')], true);
  const ran = await run(['run', 'tiny'], { fetch: asDaemon(servers.fetch), terminal });

  expect([ran.code, ran.out]).toEqual([0, 'Once\nagain\n']);
  expect(ran.err.match(new RegExp(GONE, 'g'))).toHaveLength(2);
});

it('bench says that the daemon is gone', async () => {
  await daemon();
  const fetch = asDaemon(() => Promise.reject(new TypeError('fetch failed')));
  expect(await run(['bench', 'tiny'], { fetch })).toMatchObject({
    code: 1,
    err: expect.stringMatching(GONE) as string,
  });
});

it('another program that has the number of a daemon which was killed is asked nothing', async () => {
  await daemon();
  const servers = new FakeUpstreams((origin) => (origin === 'http://first:1' ? answerOf('hi') : { kind: 'refused' }));
  const options = { fetch: servers.fetch, env: { FORGELIGHT_UPSTREAM: 'http://first:1' } };
  expect(await run(['run', 'tiny', 'x'], options)).toMatchObject({ code: 0, out: 'hi\n' });
});

it('an address to listen on is nothing to whoever only asks', async () => {
  const servers = new FakeUpstreams(() => answerOf('hi'));
  const env = { FORGELIGHT_UPSTREAM: 'http://first:1', FORGELIGHT_HOST: '0.0.0.0', FORGELIGHT_PORT: 'abc' };
  expect(await run(['run', 'tiny', 'x'], { fetch: servers.fetch, env })).toMatchObject({ code: 0, out: 'hi\n' });
});

describe('a path that is named', () => {
  const PATH = '/models/x.gguf';
  const servers = new FakeUpstreams(() => answerOf('hi'));
  const state = { status: 'idle' };
  const ps = { pid: 7, version: '1.2.3', state, requests: 0 };

  it('is a name of the servers elsewhere that the environment names', async () => {
    const env = { FORGELIGHT_UPSTREAM: 'http://first:1' };
    const ran = await run(['run', PATH, 'x'], { fetch: servers.fetch, env });
    expect([ran, servers.requests.at(-1)?.body]).toMatchObject([{ code: 0, out: 'hi\n' }, { model: PATH }]);
    expect((await run(['run', PATH, 'x', '--device', 'reference'], { env })).err).toContain(`${PATH}`);
  });

  it.each([
    ['upstream', 0],
    ['engine', 1],
  ])('is what a daemon means that has an %s', async (backend, code) => {
    await daemon();
    const fetch = asDaemon((url, init) => {
      const isState = (url instanceof Request ? url.url : String(url)).endsWith('/v1/admin/ps');
      return isState ? Promise.resolve(Response.json({ ...ps, backend })) : servers.fetch(url, init);
    });
    const before = servers.requests.length;
    const ran = await run(['run', PATH, 'x'], { fetch });
    expect([ran.code, servers.requests.length - before]).toEqual([code, 1 - code]);
    expect(ran.err).toContain(code === 0 ? '' : `${PATH}`); // which is not there
  });
});
