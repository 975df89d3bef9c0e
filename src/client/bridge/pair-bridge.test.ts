import { describe, expect, it } from 'vitest';
import { findBridge, pairBridge } from './pair-bridge';
import { BRIDGE_URL, FakeBridge, TOKEN } from './testing/fake-bridge';

describe('a page', () => {
  it('finds the program on this computer, and hears of nothing but that it is there', async () => {
    const bridge = new FakeBridge();
    expect(await findBridge({}, bridge)).toEqual({ url: BRIDGE_URL, version: '1.0.0', isPaired: false, device: null });
    expect(bridge.asked).toEqual(['GET /v1/hello nobody']);
  });

  it.each(['127.0.0.1:8788', 'http://user:word@127.0.0.1', 'file:///x', 'http://127.0.0.1:1/?x'])(
    'does not look at %s',
    async (url) => {
      const bridge = new FakeBridge();
      await expect(findBridge({ url }, bridge)).rejects.toMatchObject({ code: 'invalid-request', param: 'bridgeUrl' });
      expect(bridge.asked).toEqual([]);
    },
  );

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

  it('waits for the person who is asked whether it may, and gives up with its signal', async () => {
    const bridge = new FakeBridge();
    const controller = new AbortController();
    const asking = new Promise<Response>((_resolve, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
    });
    const finding = findBridge({ signal: controller.signal }, Object.assign(bridge, { fetch: () => asking }));
    controller.abort();
    await expect(finding).rejects.toMatchObject({ name: 'AbortError' });
  });
});
