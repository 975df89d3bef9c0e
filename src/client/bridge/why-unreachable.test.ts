import { expect, it, vi } from 'vitest';
import type { ForgelightError } from '../../base/errors';
import { rejection } from '../testing/rejection';
import type { BridgeScope } from './bridge-scope';
import { findBridge, pairBridge } from './pair-bridge';
import { setUp } from './testing/bridged-page';
import { BRIDGE_URL, FakeBridge, TOKEN } from './testing/fake-bridge';

type Origin = 'unpaired' | 'stranger' | 'paired';

/** As a browser shows it: what the daemon refuses of a preflight, or without CORS headers, is a `TypeError` and no more. */
function asBrowser(bridge: FakeBridge, origin: Origin): BridgeScope & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    ...{ clock: bridge.clock, sight: bridge.sight, listHub: bridge.listHub, asked },
    loopbackPermission: () => bridge.loopbackPermission(),
    fetch: async (input, init = {}) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      const isPlain = new Headers(init.headers).get('authorization') === null && (init.method ?? 'GET') === 'GET';
      asked.push(pathname);
      const response = await bridge.fetch(input, init);
      if (origin === 'paired' || (origin === 'unpaired' && /^\/v1\/(hello|pair)/.test(pathname))) return response;
      if (origin === 'unpaired' || pathname !== '/v1/hello' || !isPlain) throw new TypeError('Failed to fetch');
      return Response.json({ error: { code: 'bridge-denied', message: 'No.', param: 'origin' } }, { status: 403 });
    },
  };
}

it.each<['bridge' | 'auto', Origin, ForgelightError['code'], string]>([
  ['bridge', 'unpaired', 'not-paired', 'Pair'],
  ['auto', 'unpaired', 'not-paired', 'Pair'],
  ['bridge', 'stranger', 'bridge-denied', 'FORGELIGHT_ORIGINS'],
  ['auto', 'stranger', 'bridge-denied', 'FORGELIGHT_ORIGINS'],
])(
  'with %s, a page that is %s to the daemon is told %s, although the browser tells nothing',
  async (device, origin, code, words) => {
    const { bridge, create } = setUp();
    const scope = asBrowser(bridge, origin);
    const asked = create({ device }, scope);
    if (device === 'auto') {
      const engine = await asked;
      expect(engine.info.notes).toEqual([expect.stringContaining(words)]);
      // A person has to do something first: nobody looks for it again.
      const count = scope.asked.length;
      bridge.clock.advance(600_000);
      expect(scope.asked).toHaveLength(count);
    } else expect(await rejection(asked)).toMatchObject({ code, message: expect.stringContaining(words) });
  },
);

it('a stranger hears the same of what needs no pairing', async () => {
  const scope = asBrowser(new FakeBridge(), 'stranger');
  for (const call of [findBridge, pairBridge]) {
    expect(await rejection(call({ url: BRIDGE_URL }, scope))).toMatchObject({ code: 'bridge-denied', param: 'origin' });
  }
});

it('what breaks for who is paired is no refusal, and a person is not asked twice', async () => {
  const bridge = new FakeBridge();
  bridge.isReachable = false;
  const scope = asBrowser(bridge, 'paired');
  expect(await rejection(findBridge({ token: TOKEN }, scope))).toMatchObject({ code: 'bridge-unreachable' });
  expect(scope.asked).toEqual(['/v1/hello', '/v1/hello']);
  // A page of this computer asks nobody.
  vi.stubGlobal('location', new URL('http://localhost:5000/'));
  bridge.permission = 'prompt';
  expect(await rejection(findBridge({}, scope))).toMatchObject({ code: 'bridge-unreachable' });
  expect(scope.asked).toHaveLength(4);
  vi.unstubAllGlobals();
  expect(await rejection(findBridge({}, scope))).toMatchObject({ code: 'bridge-unreachable' });
  expect(scope.asked).toHaveLength(5);
});
