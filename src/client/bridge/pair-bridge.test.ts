import { describe, expect, it } from 'vitest';
import { rejection } from '../testing/rejection';
import { findBridge, pairBridge, unpairBridge } from './pair-bridge';
import { BRIDGE_URL, FakeBridge, TOKEN } from './testing/fake-bridge';

describe('a page', () => {
  it('finds the program on this computer, and hears of nothing but that it is there', async () => {
    const bridge = new FakeBridge();
    expect(await findBridge({}, bridge)).toEqual({ url: BRIDGE_URL, version: '1.0.0', isPaired: false, device: null });
    expect(bridge.asked).toEqual(['GET /v1/hello nobody']);
  });

  it.each([
    ...['127.0.0.1:8788', 'http://user:word@127.0.0.1', 'file:///x', 'http://127.0.0.1:1/?x', 'http://127.0.0.1/x'],
    ...['https://127.0.0.1:8788', 'http://evil.example:8788', 'http://127.0.0.1.evil.example', 'http://127.0.0.2:8788'],
    ...[
      'http://localhost.evil.example',
      'http://192.168.1.9:8788',
      'http://[::2]:8788',
      'http://127.0.0.1@evil.example',
    ],
  ])('does not look at %s, and sends no token there', async (url) => {
    const bridge = new FakeBridge();
    const refused = { code: 'invalid-request', param: 'bridgeUrl' };
    await expect(findBridge({ url, token: TOKEN }, bridge)).rejects.toMatchObject(refused);
    await expect(pairBridge({ url }, bridge)).rejects.toMatchObject(refused);
    await expect(unpairBridge({ url, token: TOKEN }, bridge)).rejects.toMatchObject(refused);
    expect(bridge.asked).toEqual([]);
  });

  it.each(['http://localhost:8788', 'http://[::1]:8788', 'http://127.0.0.1', 'HTTP://LocalHost:1/'])(
    'looks at %s',
    async (url) => {
      const { url: asked } = await findBridge({ url }, new FakeBridge());
      expect(asked).toBe(new URL(url).origin);
    },
  );

  it('gives its token back, also where that was taken back before', async () => {
    const bridge = new FakeBridge();
    const pairing = { url: BRIDGE_URL, token: TOKEN };
    await unpairBridge(pairing, bridge);
    expect(bridge.asked).toEqual([`POST /v1/pair/revoke Bearer ${TOKEN}`]);
    bridge.refusal = { status: 401, body: { error: { code: 'not-paired', message: 'Unknown.' } } };
    await unpairBridge(pairing, bridge);
    bridge.refusal = { status: 404, body: { error: { code: 'invalid-request', message: 'An older daemon.' } } };
    await expect(unpairBridge(pairing, bridge)).rejects.toMatchObject({ code: 'invalid-request' });
    bridge.isReachable = false;
    await expect(unpairBridge(pairing, bridge)).rejects.toMatchObject({ code: 'bridge-unreachable' });
  });

  it('is told what to do where it does not find it', async () => {
    const bridge = new FakeBridge();
    bridge.isReachable = false;
    await expect(findBridge({}, bridge)).rejects.toMatchObject({
      code: 'bridge-unreachable',
      message: expect.stringContaining('npx forgelight serve'),
    });
    bridge.permission = 'denied';
    await expect(findBridge({}, bridge)).rejects.toMatchObject({
      code: 'bridge-denied',
      message: expect.stringContaining('site settings'),
    });
    Object.assign(bridge, { permission: 'granted', isReachable: true, refusal: { status: 200, body: { hello: 1 } } });
    await expect(findBridge({}, bridge)).rejects.toMatchObject({
      code: 'bridge-unreachable',
      message: expect.stringContaining('not “forgelight serve”'),
    });
  });

  it('is paired by the code, however it is written', async () => {
    const bridge = new FakeBridge();
    const pairing = await pairBridge({ url: `${BRIDGE_URL}/` }, bridge);
    expect(pairing.expiresInMs).toBe(120_000);
    for (const code of ['12345', '1234567', 'abcdef']) {
      await expect(pairing.finish(code)).rejects.toMatchObject({ code: 'invalid-request', param: 'code' });
    }
    await expect(pairing.finish('654321')).rejects.toMatchObject({ code: 'bridge-denied', param: 'code' });
    expect(await pairing.finish(' 123-456')).toEqual({
      url: BRIDGE_URL,
      token: TOKEN,
      expiresAtMs: Date.UTC(2027, 0, 1),
    });
    expect(bridge.asked.every((call) => call.endsWith(' nobody'))).toBe(true);
  });

  it.each([
    ['finds', findBridge],
    ['pairs with', pairBridge],
  ])('%s it as long as the person is asked whether it may, and gives up with its signal', async (_, call) => {
    for (const reason of [undefined, new Error('enough')]) {
      const controller = new AbortController();
      const asking = new Promise<Response>((_resolve, reject) => {
        controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
      });
      const bridge = Object.assign(new FakeBridge(), { fetch: () => asking });
      const calling = rejection(call({ signal: controller.signal }, bridge));
      controller.abort(reason);
      const error = await calling;
      expect(error).toBeInstanceOf(DOMException);
      expect(error).toMatchObject({ name: 'AbortError' });
    }
  });
});
