import { bridgeAddress, BridgeHttp } from './bridge-http';
import { bridgeScope, type BridgeScope } from './bridge-scope';
import { PATIENCE_MS, type BridgeOptions } from './pair-bridge';

export interface BridgeModels {
  /** What answers there: an engine of its own, another server, or nothing; `null`: an older version does not say. */
  readonly backend: 'engine' | 'upstream' | 'none' | null;
  readonly models: readonly {
    /** For `createEngine`, with `device: 'bridge'`: `sha256:…`, or the name that another server gives. */
    readonly model: string;
    /** As it is called there. */
    readonly name: string;
  }[];
}

/** What a paired page can be answered with by the program on this computer. Throws as `findBridge`, and `not-paired`. */
export async function listBridgeModels(
  options: BridgeOptions = {},
  scope: BridgeScope = bridgeScope(),
): Promise<BridgeModels> {
  const { signal = null, token = null } = options;
  const http = new BridgeHttp(scope, { url: bridgeAddress(options.url), token, stallMs: PATIENCE_MS });
  const { data } = ((await http.json('/v1/models', { signal })) ?? {}) as { readonly data?: unknown };
  const { backend } = ((await http.json('/v1/hello', { signal })) ?? {}) as { readonly backend?: unknown };
  const models = (Array.isArray(data) ? data : []).flatMap((entry: unknown) => {
    const { id, name, sha256 } = (entry ?? {}) as { readonly id?: unknown; readonly name?: unknown; sha256?: unknown };
    // A model of which files are missing there has no hash, and is not lent.
    if (typeof id !== 'string' || (backend !== 'upstream' && typeof sha256 !== 'string')) return [];
    return [{ model: id, name: typeof name === 'string' ? name : id }];
  });
  return { backend: KINDS.find((kind) => kind === backend) ?? null, models };
}

const KINDS = ['engine', 'upstream', 'none'] as const;
