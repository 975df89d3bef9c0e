import { expect, it } from 'vitest';
import { answerAt, loadAt, settle, setUp } from '../../test/support/ready-store';
import { pagePhase } from './page-state';
import { choiceOfUpstream } from './upstream-choice';

it('a model of another server is asked of the bridge alone, by its name; when the program goes away the page says so', async () => {
  const { store, engines, pairing } = setUp();
  pairing.now = { url: 'http://127.0.0.1:8788', token: 'secret', expiresAtMs: 5 };
  void store.load(choiceOfUpstream('large'));
  await settle();
  const load = loadAt(engines, 0);
  const { url: bridgeUrl, token: bridgeToken } = pairing.now;
  expect(load.options).toMatchObject({ model: 'large', device: 'bridge', bridgeUrl, bridgeToken });
  load.info = {
    ...load.info,
    model: { ...load.info.model, sha256: '', contextLength: 0 },
    device: { kind: 'upstream', name: 'http://server', features: [] },
  };
  load.finish();
  await settle();
  const sending = store.send('Hello');
  await settle();
  answerAt(engines, 0).write('Hello.', { kind: 'upstream', name: 'http://server' });
  answerAt(engines, 0).finish();
  await sending;
  expect(store.state.messages.at(-1)).toMatchObject({ text: 'Hello.', devices: [{ name: 'http://server' }] });
  load.enter('gone', { error: { code: 'bridge-unreachable', message: 'Nobody is there.' } });
  expect([pagePhase(store.state), store.state.model]).toMatchObject([
    'error',
    { failure: { code: 'bridge-unreachable', detail: 'Nobody is there.' } },
  ]);
});

it('and is loaded anew as it is: nobody knows its hash', async () => {
  const { store, engines } = setUp();
  void store.load(choiceOfUpstream('large'));
  await settle();
  const load = loadAt(engines, 0);
  load.info = { ...load.info, model: { ...load.info.model, sha256: '' } };
  load.finish();
  await settle();
  void store.reload();
  await settle();
  expect(loadAt(engines, 1).options.sha256).toBeUndefined();
});
