import { describe, expect, it } from 'vitest';
import { answerAt, CHOICE, loadAt, readyStore, settle, setUp } from '../../test/support/ready-store';
import { SCRIPTED_INFO } from '../../test/support/scripted-engine';
import { TEXT } from './messages';
import { lostText, noticeOf, pagePhase } from './page-state';

it('an answer names what wrote it, also after the page was loaded anew', async () => {
  const { store, engines, shared, tab } = await readyStore();
  const sending = store.send('Hello');
  await settle();
  const answer = answerAt(engines, 0);
  answer.write('One, ', { kind: 'hip', name: 'Radeon' });
  answer.write('two', { kind: 'hip', name: 'Radeon' });
  answer.write(', three.', { kind: 'webgpu', name: 'GPU' });
  answer.finish();
  await sending;
  const devices = [
    { kind: 'hip', name: 'Radeon' },
    { kind: 'webgpu', name: 'GPU' },
  ];
  expect(store.state.messages.at(-1)).toMatchObject({ text: 'One, two, three.', devices });
  await settle();
  const later = setUp(shared, tab);
  await settle();
  expect(later.store.state.messages.at(-1)).toMatchObject({ text: 'One, two, three.', devices });
});

describe('a pairing that this browser keeps', () => {
  it('takes the next load to the program on this computer; without one nothing is looked for', async () => {
    const { store, engines, pairing } = setUp();
    void store.load(CHOICE);
    await settle();
    pairing.now = { url: 'http://127.0.0.1:8788', token: 'secret', expiresAtMs: 5 };
    engines.loads[0]?.finish();
    await settle();
    void store.moveBridge();
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
    load.enter('lost', { error: { code: 'bridge-unreachable', message: 'It is gone.' } });
    expect([store.state.announcement, pagePhase(store.state)]).toEqual([TEXT.gpu.bridgeLost, 'recovering']);
    load.enter('lost', { error: { code: 'bridge-unreachable', message: 'It stays away.' } }); // told once more: this page has no WebGPU
    expect([store.state.announcement, pagePhase(store.state)]).toEqual([TEXT.gpu.bridgeAway, 'recovering']);
    load.options.onProgress?.({
      phase: 'upload',
      loaded: 1,
      total: 2,
      bytesPerSecond: 0,
      etaSeconds: null,
      resumed: 0,
    });
    const { model } = store.state;
    expect(model.kind === 'ready' && lostText(model.gpu)).toBe(TEXT.gpu.bridgeBack);
    load.info = { ...load.info, device: { kind: 'webgpu', name: 'GPU', features: [] } };
    load.enter('ready');
    expect([noticeOf(store.state), pagePhase(store.state)]).toEqual([TEXT.status.bridgeGone('GPU'), 'ready']);
    load.info = { ...load.info, device: { kind: 'hip', name: 'Radeon', features: [] } };
    load.enter('ready');
    expect(noticeOf(store.state)).toBe(TEXT.status.bridgeThere('Radeon'));
    load.enter('lost'); // its device alone: the program is there
    expect(store.state.announcement).toBe(TEXT.gpu.lost);
    load.enter('ready');
    expect(store.state.announcement).toBe(TEXT.status.moved('Radeon'));
    load.tellUnloaded();
    expect(noticeOf(store.state)).toBe(TEXT.status.bridgeUnloaded);
  });

  it.each([
    ['moves into this page with the answer that runs', true],
    ['loads anew where this page has no engine of its own', false],
  ])('when it is forgotten %s', async (_, canMove) => {
    const { store, engines, pairing } = setUp();
    pairing.now = { url: 'http://127.0.0.1:8788', token: 'secret', expiresAtMs: 5 };
    void store.load(CHOICE);
    await settle();
    const load = loadAt(engines, 0);
    load.finish();
    await settle();
    const used: string[] = [];
    load.use = (device) => {
      used.push(device);
      return canMove ? Promise.resolve(load.info) : Promise.reject(new Error('no WebGPU'));
    };
    void store.send('Hello');
    await settle();
    answerAt(engines, 0).write('One');
    pairing.now = null;
    void store.moveBridge();
    await settle();
    const loads = engines.loads.map(({ options }) => options.bridgeUrl);
    expect([used, loads]).toEqual([['webgpu'], ['http://127.0.0.1:8788', ...(canMove ? [] : [undefined])]]);
    expect(answerAt(engines, 0).signal?.aborted).toBe(!canMove);
  });

  it('is asked for what this page has loaded, by its hash', async () => {
    const { store, engines } = setUp();
    void store.load({ reference: 'https://example.org/a.gguf', name: 'a', local: false });
    await settle();
    loadAt(engines, 0).finish();
    await settle();
    void store.reload();
    await settle();
    expect(engines.loads.map(({ options }) => options.sha256)).toEqual([undefined, SCRIPTED_INFO.model.sha256]);
  });
});
