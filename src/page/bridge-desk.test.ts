import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import type { BridgeHello, BridgePairing } from '../client/index';
import { BridgeDesk, type DeskPorts, type DeskState } from './bridge-desk';

const OWN = 'http://127.0.0.1:5000';
const pairing: BridgePairing = { url: 'http://127.0.0.1:8788', token: 'secret', expiresAtMs: 5 };
const IDLE: DeskState = { kind: 'idle', isKnownThere: false };
const hello: BridgeHello = { url: pairing.url, version: '1', isPaired: true, device: 'hip: Radeon' };

interface Setup {
  readonly desk: BridgeDesk;
  readonly kept: { now: BridgePairing | null };
  /** Addresses that were looked at. */
  readonly looked: (string | undefined)[];
  readonly seen: DeskState['kind'][];
}

function setUp(ports: Partial<DeskPorts> = {}, kept: BridgePairing | null = null): Setup {
  const looked: (string | undefined)[] = [];
  const box = { now: kept };
  const seen: DeskState['kind'][] = [];
  const desk: BridgeDesk = new BridgeDesk(
    {
      find: async ({ url }) => {
        looked.push(url?.toString());
        return hello;
      },
      pair: async () => ({ expiresInMs: 1000, finish: async () => pairing }),
      unpair: async () => undefined,
      permission: async () => 'granted',
      read: () => box.now,
      keep: (now) => void (box.now = now),
      ownAddress: null,
      ...ports,
    },
    () => seen.push(desk.state.kind),
  );
  return { desk, kept: box, looked, seen };
}

const fails = (code: 'bridge-denied' | 'bridge-unreachable' | 'invalid-request') => async (): Promise<never> => {
  throw new ForgelightError(code, 'No.');
};

describe('the desk', () => {
  it('looks for nothing by itself', async () => {
    const { desk, looked } = setUp();
    await desk.open();
    expect([desk.state, looked]).toEqual([IDLE, []]);
  });

  it('pairs by the code, and keeps what that gave', async () => {
    const { desk, kept, seen } = setUp();
    await desk.look('');
    expect(desk.state).toEqual({ kind: 'code', isSent: false, problem: null });
    expect(await desk.finish('123-456')).toBe(true);
    expect([desk.state, kept.now]).toEqual([{ kind: 'paired', device: 'hip: Radeon', isAway: false }, pairing]);
    expect(seen).toEqual(['looking', 'code', 'code', 'paired', 'paired']);
    void desk.forget();
    expect([desk.state, kept.now]).toEqual([IDLE, null]);
  });

  it('says that the code is wrong, and takes another one', async () => {
    const { desk } = setUp({ pair: async () => ({ expiresInMs: 1, finish: fails('bridge-denied') }) });
    await desk.look('');
    expect(await desk.finish('1')).toBe(false);
    expect(desk.state).toEqual({ kind: 'code', isSent: false, problem: 'No.' });
  });

  it.each([
    ['bridge-denied', { kind: 'denied' }],
    ['bridge-unreachable', { kind: 'unreachable', detail: 'No.' }],
    ['invalid-request', { kind: 'refused', problem: 'No.' }],
  ] as const)('says what to do where it is %s', async (code, state) => {
    const { desk } = setUp({ find: fails(code) });
    await desk.look('');
    expect(desk.state).toEqual(state);
  });

  it('tells a refusal of the program from one of the browser', async () => {
    const find = async (): Promise<never> => {
      throw new ForgelightError('bridge-denied', 'It does not take this page.', { param: 'origin' });
    };
    const { desk } = setUp({ find });
    await desk.look('');
    expect(desk.state).toEqual({ kind: 'refused', problem: 'It does not take this page.' });
  });

  it('tells that the browser asks', async () => {
    const { desk } = setUp({ permission: async () => 'prompt', find: () => new Promise(() => undefined) });
    void desk.look('');
    await Promise.resolve();
    await Promise.resolve();
    expect(desk.state).toEqual({ kind: 'looking', isAsking: true });
  });

  it('asks where the page came from before it asks elsewhere, unless it is told where', async () => {
    const own = setUp({ ownAddress: OWN });
    await own.desk.look('');
    expect(own.looked).toEqual([OWN]);
    const told = setUp({ ownAddress: OWN });
    await told.desk.look('http://127.0.0.1:1');
    expect(told.looked).toEqual(['http://127.0.0.1:1']);
    const asked: (string | undefined)[] = [];
    const other = setUp({
      ownAddress: OWN,
      find: async ({ url }) => {
        asked.push(url?.toString());
        if (url === OWN) throw new ForgelightError('bridge-unreachable', 'another server');
        return hello;
      },
    });
    await other.desk.look('');
    expect([asked, other.desk.state.kind]).toEqual([[OWN, undefined], 'code']);
  });

  it('forgets a pairing that was taken back, and keeps one whose program is away', async () => {
    const gone = setUp({ find: async () => ({ ...hello, isPaired: false }) }, pairing);
    await gone.desk.open();
    expect([gone.desk.state.kind, gone.kept.now]).toEqual(['not-paired', null]);
    const away = setUp({ find: fails('bridge-unreachable') }, pairing);
    await away.desk.open();
    expect([away.desk.state, away.kept.now]).toEqual([{ kind: 'paired', device: null, isAway: true }, pairing]);
  });

  it('gives the token back that it forgets, and says where that could not be told', async () => {
    const given: string[] = [];
    const told = setUp({ unpair: async ({ token }) => void given.push(token) }, pairing);
    const forgetting = told.desk.forget();
    expect([told.kept.now, told.desk.state]).toEqual([null, IDLE]); // whatever comes of it
    await forgetting;
    expect([given, told.desk.state]).toEqual([['secret'], IDLE]);
    await told.desk.forget();
    expect(given).toEqual(['secret']);
    const away = setUp({ unpair: fails('bridge-unreachable') }, pairing);
    await away.desk.forget();
    expect([away.kept.now, away.desk.state]).toEqual([null, { kind: 'idle', isKnownThere: true }]);
    await away.desk.look('');
    expect(away.desk.state.kind).toBe('code');
  });

  it('takes no notice of what was begun before', async () => {
    let answer: (value: BridgeHello) => void = () => undefined;
    const { desk } = setUp({ find: () => new Promise((resolve) => (answer = resolve)) }, pairing);
    const opening = desk.open();
    await desk.forget();
    answer(hello);
    await opening;
    expect(desk.state).toEqual(IDLE);
  });
});
