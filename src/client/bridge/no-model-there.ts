import { ForgelightError } from '../../base/errors';
import { parseSplitName } from '../../gguf/split-name';
import type { LoadOptions } from '../../protocol/engine-port';
import type { BridgeHttp } from './bridge-http';

/** The `param` of the error of a daemon that has no engine for pages, and another server behind it. */
const UPSTREAM = 'upstream';

/** Whether the daemon has said that another server answers there. */
export function isUpstream(error: unknown): boolean {
  return error instanceof ForgelightError && error.code === 'missing-feature' && error.param === UPSTREAM;
}

/** Throws where no model at all can be lent there: it has no engine. `signal`: of the load. */
export async function requireEngineThere(http: BridgeHttp, signal: AbortSignal): Promise<void> {
  const hello = (await http.json('/v1/hello', { signal })) as { readonly backend?: unknown } | null;
  switch (hello?.backend) {
    case 'upstream':
      throw new ForgelightError(
        'missing-feature',
        "It passes requests on to another server, and computes nothing itself. To be answered there, choose one of that server’s models: device: 'bridge', with a name that GET /v1/models of the bridge lists.",
        { param: UPSTREAM },
      );
    case 'none':
      throw new ForgelightError(
        'no-adapter',
        'It has no graphics processor that it can use. Its terminal says why, and “npx forgelight doctor” what to do.',
        { param: 'device' },
      );
    default: // an engine; an older daemon does not say
  }
}

/** Throws for a model in several files: each has a hash, and the daemon knows none of all together. */
export function refuseSplit(model: LoadOptions['model']): void {
  const isSplit =
    typeof model === 'string' ? parseSplitName(fileName(model)) !== null : Array.isArray(model) && model.length > 1;
  if (!isSplit) return;
  throw new ForgelightError(
    'missing-feature',
    'Models in several files are not shared over the bridge: take one in one file, or load this one in the page.',
    { param: 'model' },
  );
}

/** `pageUrl`: what paths in `model` are relative to. */
export function doesNotHave(model: LoadOptions['model'], pageUrl: string | undefined): ForgelightError {
  const isAddress = typeof model === 'string';
  const name = isAddress ? addressOf(model, pageUrl) : fileNameOf(model);
  const how = isAddress ? `npx forgelight pull ${name}` : 'npx forgelight pull PATH, with the path of that file';
  return new ForgelightError('invalid-request', `The bridge does not have the model ${name}. Fetch it there: ${how}`, {
    param: 'model',
  });
}

/** For messages. */
export function nameOf(model: LoadOptions['model']): string {
  return typeof model === 'string' ? model : fileNameOf(model);
}

function fileNameOf(model: Exclude<LoadOptions['model'], string>): string {
  const [first] = Array.isArray(model) ? (model as readonly Blob[]) : [model as Blob];
  return typeof File !== 'undefined' && first instanceof File ? first.name : 'this file';
}

/** The last part of a path or an address, without its question. */
function fileName(model: string): string {
  return model.replace(/[?#].*$/, '').replace(/^.*\//, '');
}

function addressOf(model: string, pageUrl: string | undefined): string {
  const isPath = /^\.{0,2}\//.test(model);
  return isPath && pageUrl !== undefined ? new URL(model, pageUrl).href : model;
}
