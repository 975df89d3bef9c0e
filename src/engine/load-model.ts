import type { LoadOptions } from '../protocol/engine-port';
import { Actor } from './actor';
import { HostedEngine } from './hosted-engine';
import { loadOntoDevice, type LoadHost } from './load-onto-device';
import { recoverModel } from './recover-model';

/**
 * Loads a model and puts an engine before it that answers requests, also after the loss of its device: the model is then loaded
 * onto another one from the same source. Throws as `loadOntoDevice`.
 */
export async function loadModel(options: LoadOptions, host: LoadHost): Promise<HostedEngine> {
  const loaded = await loadOntoDevice(options, host);
  const { clock, report } = host;
  const closing = new AbortController();
  const actor = new Actor({
    runner: loaded.runner,
    tokenizer: loaded.tokenizer,
    clock,
    maxQueued: options.maxQueued,
    maxConcurrent: options.maxConcurrent,
    timeouts: options.timeouts,
    report,
    depth: options.debug.depth ?? 2,
    recover: async (blocked) => {
      const before = engine.loaded;
      before.device.close(); // it may hang instead of being gone
      const again = { ...options, sha256: before.info.model.sha256 };
      const load = () => loadOntoDevice(again, { ...host, signal: closing.signal }, before);
      const next = await recoverModel({ load, blocked, clock, signal: closing.signal });
      engine.adopt(next);
      return next.runner;
    },
    announce: (event) => engine.announce(event),
  });
  const engine: HostedEngine = new HostedEngine({
    actor,
    loaded,
    closing,
    modelNames: typeof options.model === 'string' ? [options.model] : [],
    randomSeed: host.randomSeed,
    report,
  });
  return engine;
}
