import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { useDaemonsOver } from '../testing/use-daemon';
import { answerOf, FakeUpstreams, type Reply } from './testing/fake-upstreams';
import { UpstreamBackend } from './upstream-backend';
import { upstreamAddress } from './upstream-url';

/** What each upstream says to every request; pauses between tries pass at once. */
let replies: readonly Reply[] = [];
let list: Reply;
const start = useDaemonsOver(() => {
  const origins = replies.map((_, i) => `http://upstream-${i}:1`);
  const clock = new FakeClock(4_000);
  const servers = new FakeUpstreams(
    (origin) => replies[origins.indexOf(origin)] ?? answerOf(),
    () => clock.now(),
  );
  servers.onCheck = () => list;
  const { fetch } = servers;
  const addresses = origins.map(upstreamAddress);
  return new UpstreamBackend({ addresses, clock, fetch, random: () => 0, checkEveryMs: 1_000_000 });
});

const LIST: Reply = { kind: 'json', body: { data: [{ id: 'tiny' }] } };
const limited = (retryAfter?: string): Reply => ({
  kind: 'status',
  status: 429,
  body: '{"error":{"message":"slow down","type":"tokens","code":"rate_limit_exceeded"}}',
  ...(retryAfter !== undefined && { retryAfter }),
});
const OVERLOADED: Reply = { kind: 'status', status: 503, body: 'Loading model' };
const AWAY: Reply = { kind: 'refused' };

/** What OpenAI's own client throws before upstreams that say this. */
async function failureBefore(
  said: readonly Reply[],
  { stream = false, as = 'key', model = 'tiny' }: { stream?: boolean; as?: 'key' | 'token'; model?: string } = {},
): Promise<unknown> {
  replies = said;
  const daemon = await start();
  const origin = as === 'token' ? { origin: 'https://page.example' } : {};
  const client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: daemon[as], maxRetries: 0, defaultHeaders: origin });
  const asking = client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }], stream });
  return asking.then(
    () => null,
    (error: unknown) => error,
  );
}

const toldS = (error: unknown): unknown =>
  error instanceof OpenAI.APIError ? error.headers?.get('retry-after') : null;

describe('an upstream of which too much is asked', () => {
  it.each([false, true])('is a RateLimitError to OpenAI’s own client (stream: %j)', async (stream) => {
    list = LIST;
    const error = await failureBefore([limited()], { stream });
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({
      status: 429,
      type: 'rate_limit_error',
      code: 'busy',
      message: expect.stringContaining('slow down') as string,
    });
  });

  it.each<[string, readonly Reply[], number]>([
    ['all say it', [limited(), limited('60')], 429],
    ['the first is overloaded', [OVERLOADED, limited()], 503],
    ['the last is overloaded', [limited(), OVERLOADED], 503],
    ['the first cannot be reached', [AWAY, limited('60')], 502],
    ['the last cannot be reached', [limited(), AWAY], 502],
  ])('is told as such where all of several say it: %s', async (_, said, status) => {
    list = LIST;
    expect(await failureBefore(said)).toMatchObject({ status });
  });

  it.each([
    [['60'], '60'],
    [['0'], '1'],
    [['1e9'], '1'],
    [['999999999'], '3600'],
    // Whoever comes back then finds one that may be asked.
    [['60', '30', '90'], '30'],
    [['60', undefined], '60'],
  ])('says how long it wants to be left alone: %j', async (times, expected) => {
    list = LIST;
    const error = await failureBefore(times.map(limited));
    expect([error instanceof OpenAI.RateLimitError, toldS(error)]).toEqual([true, expected]);
  });

  it('is told as such also where it does not list its models', async () => {
    list = limited('60');
    const error = await failureBefore([limited()], { as: 'token', model: 'other' });
    expect([error instanceof OpenAI.RateLimitError, toldS(error)]).toEqual([true, '60']);
  });
});
