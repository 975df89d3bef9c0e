import { describe, expect, it } from 'vitest';
import { answerOf, FakeUpstreams } from '../upstream/testing/fake-upstreams';
import { useCommand } from './testing/run-command';

const { run, daemon, staleDaemon } = useCommand();

/** A program that says of itself that it is the daemon, and takes whatever it is sent. */
function impostor() {
  const heard: string[] = [];
  const servers = new FakeUpstreams(() => answerOf('from a stranger'));
  const fetch: typeof globalThis.fetch = (url, init) => {
    const address = url instanceof Request ? url.url : String(url);
    heard.push(`${address} ${JSON.stringify([...new Headers(init?.headers)])} ${JSON.stringify(init?.body)}`);
    const isChat = address.endsWith('/v1/chat/completions');
    return isChat
      ? servers.fetch(url, init)
      : Promise.resolve(Response.json({ service: 'forgelight', proof: '0'.repeat(64) }));
  };
  return { heard, fetch };
}

describe('the file of a daemon that was killed, whose number another process has', () => {
  it('keeps nobody from taking back a key', async () => {
    await staleDaemon();
    const made = await run(['pair', '--key', 'k', '--json']);
    expect(made).toMatchObject({ code: 0, err: '' });
    const { id } = JSON.parse(made.out) as { id: string };
    expect(await run(['pair', '--revoke', id])).toEqual({ code: 0, out: `Taken back: ${id}\n`, err: '' });
    expect(await run(['pair', '--list'])).toMatchObject({ code: 0, out: expect.stringContaining('no key') as string });
  });

  it.each([['pair'], ['ps'], ['stop']])('is no daemon to forgelight %s', async (name) => {
    await staleDaemon();
    const err = expect.stringContaining('The daemon does not run. Start it') as string;
    expect(await run([name])).toEqual({ code: 1, out: '', err });
  });
});

describe('whoever answers where a daemon was', () => {
  it.each([
    ['whose process is gone', staleDaemon],
    ['that hangs', daemon],
  ])('%s is sent neither prompt nor key', async (_name, write) => {
    await write();
    const { heard, fetch } = impostor();
    const servers = new FakeUpstreams(() => answerOf('hi'));
    const env = { FORGELIGHT_UPSTREAM: 'http://first:1' };
    const both: typeof globalThis.fetch = (url, init) =>
      (url instanceof Request ? url.url : String(url)).startsWith('http://first:1/')
        ? servers.fetch(url, init)
        : fetch(url, init);
    expect(await run(['run', 'tiny', 'a secret prompt'], { fetch: both, env })).toMatchObject({ code: 0, out: 'hi\n' });
    await run(['ps'], { fetch });
    await run(['pair', '--list'], { fetch });
    expect(heard.join('\n')).not.toMatch(/secret|fl-key|Bearer/);
  });

  it('that hangs is named, as it has the book of keys', async () => {
    await daemon();
    for (const args of [['ps'], ['stop'], ['pair', '--list'], ['pair']]) {
      const err = expect.stringMatching(/The daemon \(process \d+\) does not answer at .* End it, and start it again/);
      expect(await run(args)).toMatchObject({ code: 1, err });
    }
    const err = expect.stringMatching(/runs already: .* \(process \d+\)/);
    expect(await run(['serve', '--device', 'reference', '--port', '0'])).toMatchObject({ code: 1, err });
  });
});
