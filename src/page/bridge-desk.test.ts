import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import type { BridgeHello, BridgePairing } from '../client/index';
import { BridgeDesk, type DeskPorts, type DeskState } from './bridge-desk';

const OWN = 'http://127.0.0.1:5000';
const pairing: BridgePairing = { url: 'http://127.0.0.1:8788', token: 'secret', expiresAtMs: 5 };
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

const fails = (code: 'bridge-denied' | 'bridge-unreachable') => async (): Promise<never> => {
  throw new ForgelightError(code, 'No.');
};

describe('the desk', () => {
  it('looks for nothing by itself', async () => {
    const { desk, looked } = setUp();
    await desk.open();
    expect([desk.state, looked]).toEqual([{ kind: 'idle' }, []]);
  });

  it('pairs by the code, and keeps what that gave', async () => {
    const { desk, kept, seen } = setUp();
    await desk.look('');
    expect(desk.state).toEqual({ kind: 'code', isSent: false, problem: null });
    expect(await desk.finish('123-456')).toBe(true);
    expect([desk.state, kept.now]).toEqual([{ kind: 'paired', device: 'hip: Radeon', isAway: false }, pairing]);
    expect(seen).toEqual(['looking', 'code', 'code', 'paired', 'paired']);
    desk.forget();
    expect([desk.state.kind, kept.now]).toEqual(['idle', null]);
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
  ] as const)('says what to do where it is %s', async (code, state) => {
    const { desk } = setUp({ find: fails(code) });
    await desk.look('');
    expect(desk.state).toEqual(state);
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
    expect([gone.desk.state.kind, gone.kept.now]).toEqual(['idle', null]);
    const away = setUp({ find: fails('bridge-unreachable') }, pairing);
    await away.desk.open();
    expect([away.desk.state, away.kept.now]).toEqual([{ kind: 'paired', device: null, isAway: true }, pairing]);
  });

  it('takes no notice of what was begun before', async () => {
    let answer: (value: BridgeHello) => void = () => undefined;
    const { desk } = setUp({ find: () => new Promise((resolve) => (answer = resolve)) }, pairing);
    const opening = desk.open();
    desk.forget();
    answer(hello);
    await opening;
    expect(desk.state).toEqual({ kind: 'idle' });
  });
});
