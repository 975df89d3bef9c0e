import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import type { AskOptions } from '../server/backend';
import { FakeUpstreams, type Reply } from './testing/fake-upstreams';
import { UpstreamBackend } from './upstream-backend';
import { upstreamAddress } from './upstream-url';

const FIRST = 'http://first:1';
const SECOND = 'http://second:2';
const REFUSED: Reply = { kind: 'refused' };
const listOf = (...ids: readonly string[]): Reply => ({ kind: 'json', body: { data: ids.map((id) => ({ id })) } });

const opened: UpstreamBackend[] = [];
afterEach(() => Promise.all(opened.splice(0).map((backend) => backend.close())));

/** Servers that answer, and say at first of their models what `lists` does. */
function backendOf(lists: Readonly<Record<string, Reply>>) {
  const servers = new FakeUpstreams(() => ({ kind: 'json', body: {} }));
  const says = new Map(Object.entries(lists));
  servers.onCheck = (origin) => says.get(origin) ?? REFUSED;
  const backend = new UpstreamBackend({
    addresses: Object.keys(lists).map(upstreamAddress),
    clock: new FakeClock(4_000),
    fetch: servers.fetch,
    random: () => 0,
    checkEveryMs: 1_000_000,
  });
  opened.push(backend);
  /** Who answers. */
  const ask = async (model: string, asks: AskOptions['asks'] = 'page'): Promise<unknown> => {
    const answer = await backend.chat({ messages: [], model }, { signal: new AbortController().signal, asks });
    return 'device' in answer ? answer.device : null;
  };
  return { servers, says, ask };
}

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;

describe('an upstream that has never said what it has', () => {
  it('is asked again, and its trouble told, before a page hears that there is no such model', async () => {
    const starting: Reply = { kind: 'status', status: 503, body: 'Loading model' };
    const { servers, says, ask } = backendOf({ [FIRST]: listOf('one'), [SECOND]: starting });
    await expect(ask('two')).rejects.toThrow(failure('busy', /^Upstream http:\/\/second:2 .*Loading model/));
    says.set(SECOND, REFUSED);
    await expect(ask('two')).rejects.toThrow(failure('network', /second:2 cannot be reached/));
    // Nobody waits for it who does not need it.
    const before = servers.checks.length;
    expect(await ask('one')).toBe(`upstream: ${FIRST}`);
    expect(servers.checks.length).toBe(before);
    says.set(SECOND, listOf('two'));
    expect(await ask('two')).toBe(`upstream: ${SECOND}`);
    await expect(ask('three')).rejects.toThrow(failure('invalid-request', /There is no model "three"/));
  });

  it('keeps nobody from another one that has the model now', async () => {
    const { says, ask } = backendOf({ [FIRST]: REFUSED, [SECOND]: REFUSED });
    await expect(ask('two')).rejects.toThrow(failure('network', /first:1 cannot be reached/));
    says.set(SECOND, listOf('two'));
    expect(await ask('two')).toBe(`upstream: ${SECOND}`);
  });

  it('has its trouble told also where it answers requests', async () => {
    const { ask } = backendOf({ [FIRST]: { kind: 'json', body: ['not OpenAI'] } });
    for (let answers = 0; answers < 3; answers++) await ask('x', 'native');
    await expect(ask('x')).rejects.toThrow(failure('network', /gives no list of models/));
  });
});
