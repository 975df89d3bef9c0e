import { describe, expect, it } from 'vitest';
import { CHOICE, loadAt, settle, setUp } from '../../test/support/ready-store';
import { TEXT } from './messages';

describe('a pairing that this browser keeps', () => {
  it('takes the next load to the program on this computer; without one nothing is looked for', async () => {
    const { store, engines, pairing } = setUp();
    void store.load(CHOICE);
    await settle();
    pairing.now = { url: 'http://127.0.0.1:8788', token: 'secret', expiresAtMs: 5 };
    engines.loads[0]?.finish();
    await settle();
    void store.reload();
    await settle();
    expect(engines.loads.map(({ options: { bridgeUrl, bridgeToken } }) => [bridgeUrl, bridgeToken])).toEqual([
      [undefined, undefined],
      ['http://127.0.0.1:8788', 'secret'],
    ]);
  });

  it('says which device answers when another one goes on', async () => {
    const { store, engines } = setUp();
    void store.load(CHOICE);
    await settle();
    const load = loadAt(engines, 0);
    load.info = { ...load.info, device: { kind: 'hip', name: 'Radeon', features: [] } };
    load.finish();
    await settle();
    load.enter('lost');
    expect(store.state.announcement).toBe(TEXT.gpu.bridgeLost);
    load.info = { ...load.info, device: { kind: 'webgpu', name: 'GPU', features: [] } };
    load.enter('ready');
    expect(store.state.announcement).toBe(TEXT.status.moved('GPU'));
  });
});
