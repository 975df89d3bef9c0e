import { ForgelightError } from '../../base/errors';
import { firstPartName } from '../../gguf/split-name';
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

interface Place {
  /** What paths in `model` are relative to. */
  readonly pageUrl: string | undefined;
  /** Of the file in its repository, where the hub has told it. */
  readonly path: string | undefined;
  /** What the daemon lists. */
  readonly there: unknown;
}

export function doesNotHave(model: LoadOptions['model'], { pageUrl, path, there }: Place): ForgelightError {
  const isAddress = typeof model === 'string';
  const name = isAddress ? addressOf(model, pageUrl) : fileNameOf(model);
  const how = isAddress ? `npx forgelight pull ${name}` : 'npx forgelight pull PATH, with the path of that file';
  const missing = missingThere(lastName(path ?? (isAddress ? model : name)), there);
  const what =
    missing === null
      ? `does not have the model ${name}.`
      : `does not have all of the model ${name}: ${missing} is missing there.`;
  return new ForgelightError('invalid-request', `The bridge ${what} Fetch it there: ${how}`, { param: 'model' });
}

/** What the daemon puts behind the name of a model with missing files, where another one has that name too. */
const INCOMPLETE = / \(incomplete(?: \d+)?\)$/;

/** Which files of a model the daemon says that it lacks, by the name of any of them: only a hash could tell that it is this model, but it is only a hint. */
function missingThere(name: string, there: unknown): string | null {
  const first = firstPartName(name);
  const entry = entriesOf(there).find((listed) => String(listed['name']).replace(INCOMPLETE, '') === first);
  const missing = entry?.['missing_files'];
  return Array.isArray(missing) && missing.length > 0 ? missing.map(String).join(', ') : null;
}

/** The models in the daemon's list. */
export function entriesOf(there: unknown): readonly Readonly<Record<string, unknown>>[] {
  const data = (there as { readonly data?: unknown } | null)?.data;
  return Array.isArray(data) ? data.filter(isObject) : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
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
function lastName(model: string): string {
  return model.replace(/[?#].*$/, '').replace(/^.*\//, '');
}

function addressOf(model: string, pageUrl: string | undefined): string {
  const isPath = /^\.{0,2}\//.test(model);
  return isPath && pageUrl !== undefined ? new URL(model, pageUrl).href : model;
}
