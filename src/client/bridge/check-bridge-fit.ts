import { ForgelightError } from '../../base/errors';
import type { ParsedEngineOptions } from '../../protocol/engine-options-schema';
import type { FitReport } from '../../protocol/fit';
import { bridgeAddress, BridgeHttp } from './bridge-http';
import { bridgeScope, type BridgeScope } from './bridge-scope';
import { findBridgeModel } from './find-model';

/**
 * Whether a model that the daemon has fits its device, by what is free there now and as the daemon would load it. Throws as `BridgeHttp`,
 * `invalid-request` where it does not have the model, and why its device cannot be asked; with `device: 'auto'` that is `null`, as with `webgpu`: the page is asked.
 */
export async function checkBridgeFit(options: ParsedEngineOptions, scope?: BridgeScope): Promise<FitReport | null> {
  if (options.device === 'webgpu') return null;
  try {
    return await askBridge(options, scope ?? bridgeScope());
  } catch (error) {
    if (options.device === 'bridge' || !(error instanceof ForgelightError)) throw error;
    return null;
  }
}

async function askBridge(
  { load, bridgeUrl, bridgeToken, signal: given }: ParsedEngineOptions,
  scope: BridgeScope,
): Promise<FitReport> {
  const signal = given ?? new AbortController().signal;
  const { stallMs } = load.timeouts;
  const http = new BridgeHttp(scope, { url: bridgeAddress(bridgeUrl), token: bridgeToken, stallMs });
  const model = await findBridgeModel(http, load, { listHub: scope.listHub, signal });
  const report = (await http.json(`/v1/engine/fit?model=${encodeURIComponent(model)}`, { signal })) as FitReport | null;
  if (typeof report?.verdict === 'string' && typeof report.reason === 'string') return report;
  const message = 'The bridge did not say whether the model fits: its version may be another one.';
  throw new ForgelightError('bridge-unreachable', message);
}
