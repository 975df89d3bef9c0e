import { describe, expect, it } from 'vitest';
import { answerOf, chunkFrame, FakeUpstreams, type Reply } from '../upstream/testing/fake-upstreams';
import { FakeTerminal } from './testing/fake-terminal';
import { asDaemon, useCommand } from './testing/run-command';

const UPSTREAM = ['--upstream', 'http://first:1'];
const held: Reply = { kind: 'stream', frames: [chunkFrame({ content: 'Once' })], end: 'silence' };
const TIMINGS = { prompt_n: 3, prompt_per_second: 30, predicted_n: 2, predicted_per_second: 12.34 };
const timed: Reply = {
  kind: 'stream',
  frames: [chunkFrame({ content: 'ab' }), chunkFrame({}, { timings: TIMINGS }), 'data: [DONE]\n\n'],
  end: 'close',
};
const line = (text: string) => ({ is: 'line', text }) as const;

/** What was sent, request by request. */
function messagesOf(servers: FakeUpstreams): string[][] {
  return servers.requests.map(({ body }) =>
    (body as { messages: { role: string; content: string }[] }).messages.map(
      ({ role, content }) => `${role}: ${content}`,
    ),
  );
}

describe('forgelight run', () => {
  const { run, daemon } = useCommand();

  it('answers a prompt of the command line as it comes', async () => {
    const servers = new FakeUpstreams(() => answerOf('Hel', 'lo'));
    const pieces: string[] = [];
    const args = ['run', 'tiny', 'say', 'hello', ...UPSTREAM, '--max-tokens', '9', '--temperature', '0'];
    const ran = await run(args, { fetch: servers.fetch, onOut: (text) => pieces.push(text) });
    expect(ran).toEqual({ code: 0, out: 'Hello\n', err: '' });
    expect(pieces).toEqual(['Hel', 'lo', '\n']);
    expect(servers.requests[0]?.body).toMatchObject({ model: 'tiny', stream: true, max_tokens: 9, temperature: 0 });
    expect(servers.open).toBe(0);
  });

  it('answers what is piped in; says how fast, and as JSON', async () => {
    const servers = new FakeUpstreams(() => timed);
    const options = { fetch: servers.fetch, terminal: new FakeTerminal([], false, ' what is this?\n') };
    expect(await run(['run', 'tiny', ...UPSTREAM, '--verbose'], options)).toMatchObject({
      code: 0,
      out: 'ab\n',
      err: expect.stringMatching(
        /^3 tokens read at 30\.0 tok\/s, 2 written at 12\.3 tok\/s, upstream: http:\/\/first:1\n/m,
      ) as string,
    });
    const { out } = await run(['run', 'tiny', ...UPSTREAM, '--json'], options);
    expect(JSON.parse(out)).toEqual({ text: 'ab', timings: TIMINGS, device: 'upstream: http://first:1' });
    expect(messagesOf(servers)[0]).toEqual(['user: what is this?']);
  });

  it('holds a conversation, and forgets nothing of it', async () => {
    const servers = new FakeUpstreams((_, index) => answerOf(`answer ${index}`));
    const terminal = new FakeTerminal([line('one'), line('  '), line('two'), line('/bye'), line('three')], true);
    const ran = await run(['run', 'tiny', ...UPSTREAM, '--system', 'Be brief.'], { fetch: servers.fetch, terminal });
    expect(ran).toMatchObject({ code: 0, out: 'answer 0\nanswer 1\n' });
    expect(messagesOf(servers)).toEqual([
      ['system: Be brief.', 'user: one'],
      ['system: Be brief.', 'user: one', 'assistant: answer 0', 'user: two'],
    ]);
  });

  it('prints a line for programs an answer', async () => {
    const servers = new FakeUpstreams((_, index) => answerOf(`answer ${index}`));
    const terminal = new FakeTerminal([line('one'), line('two')], true);
    const ran = await run(['run', 'tiny', '--json', ...UPSTREAM], { fetch: servers.fetch, terminal });
    const lines = ran.out.trimEnd().split('\n');
    expect(lines.map((text): unknown => JSON.parse(text))).toMatchObject([{ text: 'answer 0' }, { text: 'answer 1' }]);
  });

  it('ends an answer with Ctrl+C, and goes on', async () => {
    const servers = new FakeUpstreams((_, index) => (index === 0 ? held : answerOf('again')));
    const terminal = new FakeTerminal([line('one'), line('two')], true);
    const heard: boolean[] = [];
    const onOut = (text: string): void => {
      if (text === 'Once') heard.push(terminal.interrupt(), terminal.interrupt());
    };
    const ran = await run(['run', 'tiny', ...UPSTREAM], { fetch: servers.fetch, terminal, onOut });
    // The second one is the process's: whoever asks again does not want to wait.
    expect(heard).toEqual([true, false]);
    expect(ran).toMatchObject({ code: 0, out: 'Once\nagain\n', err: expect.stringContaining('Stopped.\n') as string });
    expect(messagesOf(servers)[1]).toEqual(['user: one', 'assistant: Once', 'user: two']);
    expect(servers.open).toBe(0);
    expect(terminal.interrupt()).toBe(false);
  });

  it('ends with the code of Ctrl+C where there was one prompt', async () => {
    const servers = new FakeUpstreams(() => held);
    const terminal = new FakeTerminal();
    const onOut = (): boolean => terminal.interrupt();
    const ran = await run(['run', 'tiny', 'x', ...UPSTREAM], { fetch: servers.fetch, terminal, onOut });
    expect(ran).toEqual({ code: 130, out: 'Once\n', err: 'Stopped.\n' });
  });

  it('leaves at the empty prompt with Ctrl+C, and only clears a line that is typed', async () => {
    const typed = [
      { is: 'interrupted', wasEmpty: false },
      { is: 'interrupted', wasEmpty: true },
      line('never'),
    ] as const;
    const terminal = new FakeTerminal([...typed], true);
    const ran = await run(['run', 'tiny', ...UPSTREAM], { terminal, fetch: new FakeUpstreams(() => held).fetch });
    expect([ran.code, ran.out, terminal.prompts]).toEqual([0, '', ['> ', '> ']]);
  });

  it('goes on after an answer that fails', async () => {
    const servers = new FakeUpstreams((_, index) => (index === 0 ? { kind: 'status', status: 400 } : answerOf('well')));
    const terminal = new FakeTerminal([line('one'), line('two')], true);
    const ran = await run(['run', 'tiny', ...UPSTREAM], { fetch: servers.fetch, terminal });
    expect(ran).toMatchObject({ code: 0, out: 'well\n', err: expect.stringContaining('answered 400') as string });
    expect(messagesOf(servers)[1]).toEqual(['user: two']);
  });

  it('lets no answer and no error command the terminal; a pipe gets what came', async () => {
    const pieces = ['\u001b', ']52;c;eA==\u0007a\n', '\tb\u009b8mc é'];
    const failing: Reply = { kind: 'status', status: 400, body: 'no\u001b[8mt so\nmore' };
    const servers = new FakeUpstreams((_, index) => (index % 2 === 0 ? answerOf(...pieces) : failing));
    const talk = (outIsTerminal: boolean) => {
      const terminal = new FakeTerminal([line('one'), line('two')], true);
      return run(['run', 'tiny', ...UPSTREAM], { fetch: servers.fetch, terminal, outIsTerminal });
    };
    const seen = await talk(true);
    expect(seen.out).toBe('\ufffd]52;c;eA==\ufffda\n\tb\ufffd8mc é\n');
    expect(seen.err).toContain('400: "no\ufffd[8mt so\nmore"');
    expect((await talk(false)).out).toBe(`${pieces.join('')}\n`);
    const once = new FakeUpstreams(() => failing);
    const { err } = await run(['run', 'tiny', 'x', ...UPSTREAM], { fetch: once.fetch });
    expect(err).toContain('forgelight: Upstream http://first:1 answered 400: "no\ufffd[8mt so\nmore"');
  });

  it('asks a daemon that runs', async () => {
    await daemon();
    const asked: [string, RequestInit | undefined][] = [];
    const frames = `${chunkFrame({ content: 'from afar' })}data: [DONE]\n\n`;
    const fetch = asDaemon((url, init) => {
      asked.push([url instanceof Request ? url.url : String(url), init]);
      return Promise.resolve(new Response(frames));
    });
    expect(await run(['run', 'tiny', 'x'], { fetch })).toEqual({ code: 0, out: 'from afar\n', err: '' });
    const [[url, init] = []] = asked;
    expect(url).toBe('http://127.0.0.1:1/v1/chat/completions');
    expect(new Headers(init?.headers).get('authorization')).toBe('Bearer fl-key');
  });

  it.each<[string, Response, RegExp]>([
    ['an error', Response.json({ error: { code: 'busy', message: 'Too much.' } }, { status: 503 }), /Too much\./],
    ['an error in the stream', new Response('data: {"error":{"code":"timeout","message":"Slow."}}\n\n'), /Slow\./],
    ['a stream that is cut', new Response(chunkFrame({ content: 'x' })), /too early/],
  ])('tells of %s of the daemon', async (_, response, words) => {
    await daemon();
    const ran = await run(['run', 'tiny', 'x'], { fetch: asDaemon(() => Promise.resolve(response)) });
    expect([ran.code, ran.err]).toEqual([1, expect.stringMatching(words)]);
  });

  it.each([
    [['run', 'tiny'], 2, 'There is no prompt'],
    [['run', 'tiny', 'x', '--max-tokens', 'many'], 2, '--max-tokens must be a number'],
    [['run', 'tiny', 'x', '--upstream', 'http://a:b@c'], 2, 'name or password'],
    [['run', 'tiny', 'x', '--device', 'upstream'], 2, '--device upstream needs an address'],
    [['run', 'tiny', 'x', '--device', 'reference', '--upstream', 'http://a:1'], 2, 'give one of them'],
    [['run'], 2, 'the name of a model is missing'],
  ])('says what is wrong with %j', async (args, code, words) => {
    expect(await run(args)).toMatchObject({ code, err: expect.stringContaining(words) as string });
  });
});
