import { describe, expect, it } from 'vitest';
import { requestId } from '../../src/base/ids';
import { NO_TIMINGS } from '../../src/engine/request';
import type { EngineEvent } from '../../src/protocol/engine-events';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { EngineInfo } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import { LOOKS } from '../../src/protocol/reader-port';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import { FakeClock } from '../../test/support/fake-clock';
import { TOY_INFO } from '../testing/simulated-engine';
import type { ChildListener, ChildPort } from './child-life';
import type { FromEngine, Numbered, ToEngine } from './ipc';
import { Supervisor } from './supervisor';

/** A process that does what its test says. */
class ToldChild implements ChildPort {
  readonly sent: Numbered<ToEngine>[] = [];
  readonly signals: string[] = [];

  constructor(
    private readonly listener: ChildListener,
    private readonly generation: number,
  ) {}

  send(message: Numbered<ToEngine>): void {
    this.sent.push(message);
  }

  kill(signal: string): void {
    this.signals.push(signal);
  }

  abandon(): void {
    this.signals.push('abandoned');
  }

  of<Type extends ToEngine['type']>(type: Type): Extract<ToEngine, { type: Type }>[] {
    return this.sent.filter((message): message is Extract<Numbered<ToEngine>, { type: Type }> => message.type === type);
  }

  says(...messages: readonly FromEngine[]): void {
    for (const message of messages) this.listener.message({ ...message, generation: this.generation });
  }

  dies(): void {
    this.listener.exited(1, null);
    this.listener.closed();
  }
}

const loaded = (info: EngineInfo = TOY_INFO): FromEngine => ({ type: 'loaded', result: { ok: true, value: info } });
const ended = (id: number, code: 'device-lost' | 'device-blocked' | 'closed' | 'busy'): FromEngine => ({
  type: 'event',
  event: {
    type: 'ended',
    requestId: requestId(id),
    outcome: { kind: 'failed', error: { code, message: 'no more' } },
    text: '',
    usage: { promptTokens: 0, completionTokens: 0, cachedTokens: 0 },
    timings: NO_TIMINGS,
  },
});

function setUp() {
  const clock = new FakeClock();
  const children: ToldChild[] = [];
  const supervisor = new Supervisor({
    spawn: (listener) => {
      const child = new ToldChild(listener, children.length + 1);
      children.push(child);
      return child;
    },
    clock,
    random: () => 0,
    timeouts: DEFAULT_HOST_TIMEOUTS,
    start: { device: 'reference', modelsFolder: '', stateFolder: '' },
    counters: { loads: 0, restarts: 0, requests: 0, tokens: 0 },
    log: () => undefined,
  });
  const { load } = parseEngineOptions({ model: `sha256:${'ab'.repeat(32)}`, maxConcurrent: 2, maxQueued: 1 });
  void supervisor.begin(load, () => undefined);
  const news: EngineEvent[] = [];
  supervisor.watch((event) => news.push(event));
  const ask = (): RequestEvent[] => {
    const heard: RequestEvent[] = [];
    supervisor.submit({ kind: 'chat', body: {} }, (event) => heard.push(event));
    return heard;
  };
  /** The process that runs now. */
  const child = (): ToldChild => children.at(-1) ?? expect.fail('no process was started');
  /** It dies, and the next one is there. */
  const next = (): ToldChild => {
    child().dies();
    clock.advance(1_000);
    return child();
  };
  return { clock, children, supervisor, news, ask, child, next };
}

describe('the supervisor', () => {
  it('takes as many requests as run and wait, and its process has room for all of them at once', () => {
    const { child, ask } = setUp();
    child().says({ type: 'hello' }, loaded());
    expect(child().of('load')).toMatchObject([{ options: { maxConcurrent: 2, maxQueued: 3 } }]);
    const [first, , third, fourth] = [ask(), ask(), ask(), ask()];
    expect(child().of('submit')).toHaveLength(3);
    expect([first, third]).toEqual([[], []]);
    expect(fourth).toMatchObject([{ type: 'ended', outcome: { kind: 'failed', error: { code: 'busy' } } }]);
  });

  it('hears nothing of a process that has not said hello, and that once', () => {
    const { child, supervisor } = setUp();
    child().says(loaded());
    expect(supervisor.state).toBe('loading');
    child().says({ type: 'hello' }, { type: 'hello' }, loaded());
    expect([supervisor.state, child().of('load').length]).toEqual(['ready', 1]);
  });

  it('keeps a process that answers, however long, and ends one that does not', () => {
    const { child, clock } = setUp();
    const lookMs = DEFAULT_HOST_TIMEOUTS.stepMs / LOOKS;
    child().says({ type: 'hello' }, loaded());
    for (let look = 0; look < 3 * LOOKS; look += 1) {
      clock.advance(lookMs);
      child().says({ type: 'beat' });
    }
    expect(child().signals).toEqual([]);
    clock.advance(DEFAULT_HOST_TIMEOUTS.stepMs);
    expect(child().signals).toEqual([]);
    clock.advance(lookMs);
    expect(child().signals).toEqual(['SIGTERM']);
  });

  it.each(['device-lost', 'device-blocked', 'closed'] as const)(
    'ends a process whose request has failed with %s, and the next one goes on with it',
    (code) => {
      const { child, ask, next } = setUp();
      child().says({ type: 'hello' }, loaded());
      const heard = ask();
      child().says(ended(1, code));
      expect([heard, child().signals]).toEqual([[], ['SIGTERM']]);
      next().says({ type: 'hello' }, loaded());
      expect(child().of('submit')).toMatchObject([{ requestId: 1 }]);
      child().says(ended(1, 'busy')); // which is the request's own
      expect([heard.length, child().signals]).toEqual([1, []]);
    },
  );

  it.each([
    [TOY_INFO.systemFingerprint, true],
    ['fl-another', false],
  ])('says of a process that is %s whether its answers are the same', (systemFingerprint, sameAnswers) => {
    const { child, next, news } = setUp();
    child().says({ type: 'hello' }, loaded());
    next().says({ type: 'hello' }, loaded({ ...TOY_INFO, systemFingerprint }));
    expect(news.at(-1)).toMatchObject({ type: 'restored', sameAnswers });
  });

  it('says that a request was there which somebody cancels while its process dies, and asks no other', async () => {
    const { child, ask, next, supervisor } = setUp();
    child().says({ type: 'hello' }, loaded());
    const heard = ask();
    const cancelled = supervisor.cancel(1);
    expect(child().of('call')).toMatchObject([{ ask: { method: 'cancel', requestId: 1 } }]);
    next().says({ type: 'hello' }, loaded());
    expect(child().of('call')).toEqual([]);
    expect(await cancelled).toBe(true);
    expect(heard).toMatchObject([{ type: 'ended', outcome: { kind: 'cancelled' } }]);
  });

  it('gives tokens of one model to no other, which has its place since', () => {
    const { child, ask, next, supervisor } = setUp();
    child().says({ type: 'hello' }, loaded());
    const heard = ask();
    const model = { ...TOY_INFO.model, sha256: 'cd'.repeat(32) };
    next().says({ type: 'hello' }, loaded({ ...TOY_INFO, model }));
    expect([supervisor.state, supervisor.error?.code, child().of('submit')]).toEqual(['failed', 'corrupt-model', []]);
    expect(heard).toMatchObject([{ type: 'ended', outcome: { kind: 'failed', error: { code: 'corrupt-model' } } }]);
  });
});
