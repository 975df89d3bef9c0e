import { unreachable } from '../../base/assert';
import { ForgelightError } from '../../base/errors';
import { firstPartName } from '../../gguf/split-name';
import type { LoadOptions } from '../../protocol/engine-port';
import { isHubReference, parseHubReference } from '../../store/hub';
import type { HubModelEntry } from '../list-hub-models';
import type { BridgeHttp } from './bridge-http';
import type { BridgeScope } from './bridge-scope';
import { doesNotHave, entriesOf, nameOf, requireEngineThere } from './no-model-there';

type Wanted = Pick<LoadOptions, 'model' | 'sha256' | 'hubToken'>;

interface FindTools extends Pick<BridgeScope, 'listHub'> {
  readonly signal: AbortSignal;
  /** What paths are relative to, where there is a page. */
  readonly pageUrl?: string;
}

/**
 * What the daemon calls a model: `sha256:…`. Nothing but its hash says that bytes there are those that are meant here; the hub is asked for it
 * where it knows it. Throws `invalid-request` where nobody knows it yet (`param: 'sha256'`) or the daemon does not have the model,
 * `missing-feature` or `no-adapter` where it has no engine for it, and as the call does.
 */
export async function findBridgeModel(http: BridgeHttp, wanted: Wanted, tools: FindTools): Promise<string> {
  const { signal } = tools;
  const { model } = wanted;
  const there = await http.json('/v1/models', { signal });
  const listed = hashesOf(there);
  const known = wanted.sha256?.toLowerCase() ?? hashOf(model);
  if (known !== null && listed.includes(known)) return `sha256:${known}`;
  await requireEngineThere(http, signal);
  const onHub = await entryOnHub(wanted, tools);
  const hash = known ?? onHub?.sha256 ?? null;
  if (hash === null) {
    throw new ForgelightError(
      'invalid-request',
      `The SHA-256 of ${nameOf(model)} is not known before it was loaded once, and the bridge is asked for models by that alone.`,
      { param: 'sha256' },
    );
  }
  if (listed.includes(hash)) return `sha256:${hash}`;
  throw doesNotHave(model, { pageUrl: tools.pageUrl, path: onHub?.path, there });
}

function hashOf(model: LoadOptions['model']): string | null {
  const match = typeof model === 'string' ? /^sha256:([0-9a-f]{64})$/i.exec(model) : null;
  return match?.[1]?.toLowerCase() ?? null;
}

/** `null` also where the hub does not answer: this page's own load then says why. */
async function entryOnHub({ model, hubToken }: Wanted, { listHub, signal }: FindTools): Promise<HubModelEntry | null> {
  if (typeof model !== 'string' || !isHubReference(model)) return null;
  try {
    const entries = await listHub(model, { signal, ...(hubToken === undefined ? {} : { hubToken }) });
    const named = entries.filter((entry) => isNamed(entry, model));
    return named.length === 1 ? (named[0] ?? null) : null;
  } catch (error) {
    if (signal.aborted) throw error;
    return null;
  }
}

/** `hf:owner/repo/x.gguf` names a file (or all parts, by one), `hf:owner/repo:Q4_K_M` the model of that quantisation. */
function isNamed({ path, quantisation }: HubModelEntry, model: string): boolean {
  const wanted = parseHubReference(model);
  switch (wanted.kind) {
    case 'file':
      return path === firstPartName(wanted.path);
    case 'quantisation':
      return quantisation?.toLowerCase() === wanted.tag.toLowerCase();
    case 'repository':
      return false;
    default:
      return unreachable(wanted);
  }
}

/** In small letters; models of which nobody says a hash are not there for pages. */
function hashesOf(there: unknown): readonly string[] {
  return entriesOf(there).flatMap(({ sha256 }) => {
    return typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) ? [sha256] : [];
  });
}
