import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import type { HostRequest } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import { requestEventFromJson } from '../../src/protocol/request-event-json';
import { RequestJournal } from '../../src/protocol/request-journal';
import { serverSentEvents } from '../../src/protocol/server-sent-events';
import { builtCommand } from '../testing/built-command';
import { childrenOf, lives, runCommand, startServe, type ServeProcess } from '../testing/serve-process';
import { startCommand } from '../testing/start-command';
import { zooStore, type ZooStore } from '../testing/zoo-store';
import { eventually } from '../../test/support/eventually';

let zoo: ZooStore;
let command = '';
let states = 0;
const MESSAGES = [{ role: 'user' as const, content: 'Hi' }];
/** The model says none of the tokens that end an answer. */
const NO_END = { 505: -100, 507: -100, 509: -100 };

beforeAll(async () => {
  [zoo, command] = await Promise.all([zooStore(['smollm2', 'nomic-bert']), builtCommand()]);
});
afterAll(() => zoo.remove());

/** Of a test's own: state of its own, models of all. */
function environment(): { env: NodeJS.ProcessEnv; folder: string } {
  const folder = join(zoo.stateFolder, String((states += 1)));
  return { env: { FORGELIGHT_STATE: folder, FORGELIGHT_MODELS: zoo.modelsFolder }, folder };
}

const reference = ['--device', 'reference', '--model', 'smollm2.gguf'];

async function served(args: readonly string[] = reference, more: NodeJS.ProcessEnv = {}) {
  const { env, folder } = environment();
  const all = { ...env, ...more };
  const daemon = await startServe({ command, env: all, args });
  const forgelight = (...words: string[]): Promise<string> => runCommand({ command, env: all, args: words });
  const { key } = JSON.parse(await readFile(join(folder, 'daemon.json'), 'utf8')) as { key: string };
  const client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: key, maxRetries: 0 });
  return { daemon, folder, env: all, forgelight, key, client };
}

/** A request's events; stops reading, and so ends the request, behind `most` tokens. */
async function events(url: string, key: string, body: object, most = Infinity): Promise<RequestEvent[]> {
  const response = await fetch(`${url}/v1/engine/submit`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const heard: RequestEvent[] = [];
  for await (const { data } of serverSentEvents(defined(response.body, 'body'))) {
    if (data === '[DONE]') break;
    heard.push(requestEventFromJson(JSON.parse(data)));
    if (heard.filter(({ type }) => type === 'token').length >= most) break;
  }
  return heard;
}

const tokensOf = (heard: readonly RequestEvent[]): number[] =>
  heard.flatMap((event) => (event.type === 'token' ? [event.tokenId] : []));

/** An answer that breaks off in the middle goes on from its tokens, as if nothing had been. */
async function expectHandOver(url: string, key: string, model: string): Promise<void> {
  const request: HostRequest = { kind: 'chat', body: { messages: MESSAGES, max_tokens: 8, temperature: 1, seed: 5 } };
  const whole = await events(url, key, { model, request });
  expect(whole.at(-1)).toMatchObject({ type: 'ended' });
  const journal = new RequestJournal(request);
  for (const event of await events(url, key, { model, request }, 3)) journal.note(event);
  expect(journal.emitted).toBe(3);
  const rest = await events(url, key, { model, request: journal.continuation() });
  expect(tokensOf(rest)).toEqual(tokensOf(whole).slice(3));
}

async function status({ url }: ServeProcess): Promise<unknown> {
  return ((await (await fetch(`${url}/health`)).json()) as { status: unknown }).status;
}

describe('forgelight serve with an engine process', () => {
  it("answers OpenAI's own client: models, whole, streamed, stopped, vectors, failures", async () => {
    const { client, daemon, key } = await served([...reference, '--context-length', '96']);
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id).toSorted()).toEqual(['nomic-bert.gguf', 'smollm2.gguf']);
    await expectHandOver(daemon.url, key, `sha256:${zoo.hashes['smollm2']}`);
    const headers = { authorization: `Bearer ${key}` };
    const engine = await fetch(`${daemon.url}/v1/engine?model=sha256:${zoo.hashes['smollm2']}`, { headers });
    expect(await engine.json()).toMatchObject({ model: { contextLength: 96 } });
    const body = { model: 'smollm2.gguf', messages: MESSAGES, max_tokens: 6, temperature: 0 };
    const { data: whole, response } = await client.chat.completions.create(body).withResponse();
    expect(response.headers.get('x-forgelight-device')).toBe('reference: CPU reference');
    expect(whole.usage?.completion_tokens).toBeGreaterThan(0);
    let text = '';
    for await (const { choices } of await client.chat.completions.create({ ...body, stream: true })) {
      text += choices[0]?.delta.content ?? '';
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    const long = await client.completions.create({ model: body.model, prompt: 'a', max_tokens: 50, stream: true });
    for await (const chunk of long) {
      expect(chunk.object).toBe('text_completion');
      long.controller.abort();
    }
    await expect(client.chat.completions.create({ ...body, temperature: 9 })).rejects.toMatchObject({
      status: 400,
      param: 'temperature',
    });
    // The stopped request is gone from the engine before another model can take its place.
    const vectors = await eventually(
      () => client.embeddings.create({ model: 'nomic-bert.gguf', input: ['search_query: a', 'b'] }),
      { intervalMs: 200 },
    );
    expect(vectors.data.map(({ embedding }) => Math.hypot(...embedding).toFixed(4))).toEqual(['1.0000', '1.0000']);
    expect(await status(daemon)).toBe('ok');
  });

  it('lets a running answer finish after SIGTERM, and leaves nothing behind', async () => {
    const { client, daemon, folder } = await served();
    const stream = await client.chat.completions.create({
      ...{ model: 'smollm2.gguf', messages: MESSAGES, max_tokens: 12, temperature: 0, stream: true },
    });
    const reasons: unknown[] = [];
    let children: number[] = [];
    for await (const { choices } of stream as AsyncIterable<OpenAI.ChatCompletionChunk>) {
      if (reasons.length === 0) {
        children = await childrenOf(daemon.child);
        // Whatever reads its input, as a driver's question to nobody, is at its end at once.
        for (const pid of process.platform === 'linux' ? children : []) {
          expect(await readlink(`/proc/${pid}/fd/0`)).toBe('/dev/null');
        }
        daemon.child.kill('SIGTERM');
      }
      reasons.push(choices[0]?.finish_reason);
    }
    expect(reasons.at(-1)).toMatch(/stop|length/);
    expect(await daemon.exit).toBe(0);
    expect(children.length).toBeGreaterThan(0);
    await eventually(() => expect(children.filter(lives)).toEqual([]));
    await expect(stat(join(folder, 'daemon.json'))).rejects.toThrow('ENOENT');
  });

  it('ends at once with 130 when Ctrl+C comes twice, and its engine with it', async () => {
    const { client, daemon, folder, key } = await served();
    const stream = await client.chat.completions.create({
      ...{ model: 'smollm2.gguf', messages: MESSAGES, logit_bias: NO_END, stream: true },
    });
    let children: number[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of stream as AsyncIterable<OpenAI.ChatCompletionChunk>) {
        if (children.length > 0) continue;
        expect(chunk.object).toBe('chat.completion.chunk');
        children = await childrenOf(daemon.child);
        daemon.child.kill('SIGINT');
        await eventually(async () => expect(await status(daemon)).toBe('stopping'));
        // Until its end it owns what lies beside that file.
        expect(await readFile(join(folder, 'daemon.json'), 'utf8')).toContain(key);
        daemon.child.kill('SIGINT');
      }
    };
    await expect(read()).rejects.toBeInstanceOf(Error);
    expect(await daemon.exit).toBe(130);
    expect(children.length).toBeGreaterThan(0);
    await eventually(() => expect(children.filter(lives)).toEqual([]));
  });

  it('ends in order when its terminal is closed, however many signals that sends', async () => {
    const { env, folder } = environment();
    const words = [process.execPath, command, 'serve', '--port', '0', ...reference].map((word) => `'${word}'`);
    const terminal = startCommand('script', ['-qefc', `echo is $$; exec ${words.join(' ')}`, '/dev/null'], env);
    const pid = Number(/is (\d+)/.exec(await terminal.until(/is \d+\s/))?.[1]);
    const url = defined(/ready: (\S+)\//.exec(await terminal.until(/ready: \S+\//))?.[1], 'its address');
    const { key } = JSON.parse(await readFile(join(folder, 'daemon.json'), 'utf8')) as { key: string };
    const stream = await new OpenAI({ baseURL: `${url}/v1`, apiKey: key }).chat.completions.create({
      ...{ model: 'smollm2.gguf', messages: MESSAGES, max_tokens: 12, temperature: 0, stream: true },
    });
    const reasons: unknown[] = [];
    for await (const { choices } of stream as AsyncIterable<OpenAI.ChatCompletionChunk>) {
      if (reasons.length === 0) {
        terminal.child.kill('SIGKILL');
        process.kill(pid, 'SIGHUP');
        process.kill(pid, 'SIGHUP');
      }
      reasons.push(choices[0]?.finish_reason);
    }
    expect(reasons.at(-1)).toMatch(/stop|length/);
    await eventually(() => expect(lives(pid)).toBe(false));
    await expect(stat(join(folder, 'daemon.json'))).rejects.toThrow('ENOENT');
  });

  it('says without kernels how to get them, as the self-test does', async () => {
    const env = { ...environment().env, FORGELIGHT_HIP_KERNELS: '/nowhere' };
    const commands = [['serve', '--port', '0', '--device', 'hip'], ['selftest']];
    const failures = commands.map((args) => runCommand({ command, env, args }).then(String, String));
    for (const said of await Promise.all(failures)) {
      expect(said).toMatch(
        / has no kernels for AMD GPUs\..* compile them: node scripts\/hip\.mjs\. --device reference /,
      );
    }
  });

  it('ends in the middle of a load', async () => {
    const { env } = environment();
    const daemon = await startServe({ command, env, args: reference });
    await eventually(async () => expect(await childrenOf(daemon.child)).not.toEqual([]));
    const children = await childrenOf(daemon.child);
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit).toBe(0);
    await eventually(() => expect(children.filter(lives)).toEqual([]));
  });
});

describe('forgelight serve without a device', () => {
  it('says hello, answers with what to do, and pairs; keys and lists come from the terminal', async () => {
    const { daemon, forgelight, folder } = await served([]);
    const key = (await forgelight('pair', '--key', 'test')).trim();
    const client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: key, maxRetries: 0 });
    const hello = await fetch(`${daemon.url}/v1/hello`, { headers: { authorization: `Bearer ${key}` } });
    expect(await hello.json()).toMatchObject({ service: 'forgelight', paired: true, device: null });
    await expect(client.chat.completions.create({ model: 'x', messages: MESSAGES })).rejects.toMatchObject({
      status: 503,
      code: 'no-adapter',
      message: expect.stringContaining('WebGPU'),
    });
    const origin = 'https://page.example';
    const pairCall = (path: string, body: unknown): Promise<Response> =>
      fetch(daemon.url + path, {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const { pairing_id } = (await (await pairCall('/v1/pair/start', {})).json()) as { pairing_id: string };
    const [pending] = JSON.parse(await forgelight('pair', '--json')) as { code: string; origin: string }[];
    expect(pending?.origin).toBe(origin);
    await eventually(() => expect(daemon.log()).toContain(`type the code ${pending?.code} there`));
    expect((await pairCall('/v1/pair/finish', { pairing_id, code: pending?.code })).status).toBe(200);
    const listed = JSON.parse(await forgelight('pair', '--list', '--json')) as { id: string; name: string }[];
    expect(listed.map(({ name }) => name).toSorted()).toEqual([origin, 'test']);
    const id = listed.find(({ name }) => name === 'test')?.id ?? '';
    expect(await forgelight('pair', '--revoke', id)).toBe(`Taken back: ${id}\n`);
    await expect(client.models.list()).rejects.toMatchObject({ status: 401, code: 'not-paired' });
    // Nobody else's eyes, and no second daemon on the same state.
    for (const name of ['daemon.json', 'access.json']) {
      expect([name, (await stat(join(folder, name))).mode & 0o777]).toEqual([name, 0o600]);
    }
    await expect(forgelight('serve', '--port', '0')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/runs already: http.*process \d+/),
    });
  });

  it('ends where nobody reads its log', { timeout: 20_000 }, async () => {
    const { env } = environment();
    const path = join(zoo.folder, 'log');
    execFileSync('mkfifo', [path]);
    const pipe = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
    const log = await open(path, constants.O_WRONLY); // the daemon's, which nobody has told not to wait
    try {
      const { bytesWritten } = await pipe.write(Buffer.alloc(1 << 20));
      expect(bytesWritten).toBeLessThan(1 << 20);
      const daemon = await startServe({ command, env, args: ['--verbose'], logTo: log.fd });
      expect(await status(daemon)).toBe('ok');
      daemon.child.kill('SIGTERM');
      expect(await daemon.exit).toBe(0);
    } finally {
      await Promise.all([pipe.close(), log.close()]);
    }
  });

  it('starts over the file of a daemon that was killed, and says what is wrong with a port or a host', async () => {
    const { daemon, env, forgelight, folder } = await served([]);
    const port = new URL(daemon.url).port;
    daemon.child.kill('SIGKILL');
    await daemon.exit;
    expect(JSON.parse(await readFile(join(folder, 'daemon.json'), 'utf8'))).toMatchObject({ port: Number(port) });
    expect(await forgelight('pair', '--list')).toBe('No page is paired, and no key is in force.\n');
    // A number that lives again is another program's.
    await writeFile(
      join(folder, 'daemon.json'),
      JSON.stringify({ pid: process.pid, started: '1', host: '127.0.0.1', port: Number(port), key: 'x' }),
    );
    expect(await forgelight('pair', '--list')).toBe('No page is paired, and no key is in force.\n');
    const again = await startServe({ command, env, args: ['--json', '--verbose'] });
    const taken = new URL(again.url).port;
    expect((await fetch(`${again.url}/v1/nothing?x=secret`)).status).toBe(404);
    const lines = (): unknown[] =>
      again
        .log()
        .split('\n')
        .filter(Boolean)
        .map((line): unknown => JSON.parse(line));
    await eventually(() =>
      expect(lines()).toContainEqual(
        expect.objectContaining({ time: expect.any(String), event: 'request', status: 404 }),
      ),
    );
    expect(again.log()).not.toContain('secret');
    // Whoever keeps such lines keeps no code.
    const headers = { origin: 'https://page.example', 'content-type': 'application/json' };
    await fetch(`${again.url}/v1/pair/start`, { method: 'POST', headers, body: '{}' });
    await eventually(() => expect(lines()).toContainEqual(expect.objectContaining({ event: 'pairing' })));
    const [pending] = JSON.parse(await forgelight('pair', '--json')) as { code: string }[];
    expect([pending?.code.length, again.log().includes(pending?.code ?? '')]).toEqual([7, false]);
    const other = environment();
    // Who may ask is still known, and does not keep a command that has failed from ending.
    const times = { createdAtMs: Date.now(), expiresAtMs: Date.now() + 3_600_000 };
    const grant = { id: '00000000', sha256: '0'.repeat(64), ...times, kind: 'native', name: 'test' };
    await mkdir(other.folder, { recursive: true });
    await writeFile(join(other.folder, 'access.json'), JSON.stringify({ version: 1, grants: [grant] }));
    const failing = (...words: string[]) => runCommand({ command, env: other.env, args: ['serve', ...words] });
    const complaints = [
      ['--port', taken],
      ['--host', '0.0.0.0'],
      ['--device', 'upstream'],
    ].map((words) =>
      failing(...words).then(
        () => 'it runs',
        ({ stderr }: { stderr: string }) => stderr,
      ),
    );
    expect(await Promise.all(complaints)).toEqual([
      expect.stringContaining(`Port ${taken} is taken`),
      expect.stringContaining('--allow-network'),
      expect.stringContaining('--upstream URL'),
    ]);
  });
});
