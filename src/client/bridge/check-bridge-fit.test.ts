import { afterEach, describe, expect, it } from 'vitest';
import { parseEngineOptions } from '../../protocol/engine-options-schema';
import type { FitReport } from '../../protocol/fit';
import { checkFitIn } from '../check-fit';
import { FakeScope } from '../testing/fake-worker';
import { BRIDGE_URL, bridgeInfo, FakeBridge, TOKEN } from './testing/fake-bridge';

const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function setUp(): { bridge: FakeBridge; ask: (given?: object) => Promise<FitReport>; pageAsked: () => number } {
  const bridge = new FakeBridge();
  const scope = new FakeScope();
  ends.push(() => scope.worker.terminate());
  scope.host.onCheckFit = () => Promise.resolve({ ok: true, value: { reason: 'It fits here.' } as FitReport });
  const ask = (given: object = {}): Promise<FitReport> => {
    const model = { model: 'https://models.example/x.gguf', sha256: bridgeInfo.model.sha256 };
    const options = { ...model, workerUrl: '/worker.js', bridgeUrl: BRIDGE_URL };
    return checkFitIn(scope, parseEngineOptions({ ...options, bridgeToken: TOKEN, ...given }), null, bridge);
  };
  return { bridge, ask, pageAsked: () => scope.host.calls.length };
}

describe('whether a model fits a bridged device', () => {
  it('is asked of the daemon, by the hash of the model that it has', async () => {
    const { bridge, ask, pageAsked } = setUp();
    expect((await ask()).reason).toBe('It fits there.');
    expect(bridge.asked).toEqual([
      `GET /v1/models Bearer ${TOKEN}`,
      `GET /v1/engine/fit?model=sha256%3A${bridgeInfo.model.sha256} Bearer ${TOKEN}`,
    ]);
    expect(pageAsked()).toBe(0);
  });

  it.each<[string, (bridge: FakeBridge) => void, string]>([
    ['nothing answers there', (bridge) => (bridge.isReachable = false), 'bridge-unreachable'],
    ['it does not have the model', (bridge) => (bridge.models = []), 'invalid-request'],
    ['it is an older one', (bridge) => (bridge.fit = {}), 'bridge-unreachable'],
  ])('is asked of this page where %s, unless the bridge alone is wanted', async (_name, arrange, code) => {
    const { bridge, ask } = setUp();
    arrange(bridge);
    expect((await ask()).reason).toBe('It fits here.');
    await expect(ask({ device: 'bridge' })).rejects.toMatchObject({ code });
  });

  it('is asked of this page where nobody knows its hash: other bytes may have its name there', async () => {
    const { bridge, ask } = setUp();
    expect((await ask({ sha256: undefined })).reason).toBe('It fits here.');
    expect(bridge.asked).toEqual(['models', 'hello'].map((call) => `GET /v1/${call} Bearer ${TOKEN}`));
  });

  it('is asked of this page where that is wanted, and of nobody after an abort', async () => {
    const { bridge, ask, pageAsked } = setUp();
    expect((await ask({ device: 'webgpu' })).reason).toBe('It fits here.');
    expect(bridge.asked).toEqual([]);
    for (const reason of [undefined, new Error('enough')]) {
      await expect(ask({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({ name: 'AbortError' });
    }
    expect(pageAsked()).toBe(1);
  });
});
