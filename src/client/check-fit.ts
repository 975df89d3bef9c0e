import { parseEngineOptions, type ParsedEngineOptions } from '../protocol/engine-options-schema';
import type { EngineHost, ModelReference } from '../protocol/engine-port';
import type { FitReport } from '../protocol/fit';
import { invalidField } from '../protocol/schema-parse';
import { throwIfAborted } from './abort';
import { askWorker } from './ask-worker';
import type { BridgeScope } from './bridge/bridge-scope';
import { browserScope, type EngineScope } from './browser-scope';
import { inPage } from './create-engine';
import type { FitOptions } from './types';

/**
 * Whether a model fits this device, before its weights are downloaded: a worker reads the header, some MiB at most, and
 * computes weights, KV cache and scratch against the adapter's limits, with the code that would load it. WebGPU does not
 * tell how much graphics memory there is: without `memoryBudgetBytes` it is guessed, and the verdict is a good guess as well.
 *
 * With `bridgeUrl` the program at that address is asked, whose device tells how much is free; it answers for a load as it would do it itself.
 * With `device: 'auto'` the question is this page's own where that does not answer, or does not have the model.
 *
 * Throws as `createEngine` about options, model and adapter; what the engine does not support is a verdict.
 */
export async function checkFit(model: ModelReference, options: FitOptions = {}): Promise<FitReport> {
  const { memoryBudgetBytes, ...engineOptions } = options;
  const parsed = parseEngineOptions({ ...engineOptions, model });
  if (memoryBudgetBytes !== undefined && !(memoryBudgetBytes > 0 && Number.isFinite(memoryBudgetBytes))) {
    throw invalidField('memoryBudgetBytes', 'must be a number of bytes above 0');
  }
  throwIfAborted(parsed.signal);
  return await checkFitIn(browserScope(), parsed, memoryBudgetBytes ?? null);
}

/** `checkFit` on a given page. */
export async function checkFitIn(
  scope: EngineScope,
  options: ParsedEngineOptions,
  memoryBudgetBytes: number | null,
  bridge?: BridgeScope,
): Promise<FitReport> {
  if (options.bridgeUrl !== null || options.device === 'bridge') {
    const { checkBridgeFit } = await import('./bridge/check-bridge-fit');
    const report = await checkBridgeFit(options, bridge);
    if (report !== null) return report;
  }
  const { signal, load } = options;
  const start = { workerUrl: options.workerUrl, signal, timeoutMs: load.timeouts.stallMs };
  return await askWorker<EngineHost, FitReport>(scope, start, (host) =>
    host.checkFit(inPage(load, scope), memoryBudgetBytes),
  );
}
