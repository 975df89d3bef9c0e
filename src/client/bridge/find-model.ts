import { ForgelightError } from '../../base/errors';
import type { LoadOptions } from '../../protocol/engine-port';
import type { BridgeHttp } from './bridge-http';

interface Listed {
  readonly name: string;
  readonly sha256: string;
}

/**
 * What the daemon calls a model: `sha256:…`. It is known by its hash, else by its file's name; the daemon itself fetches nothing for a page.
 * Throws `invalid-request` where it does not have it, and as the call does.
 */
export async function findBridgeModel(
  http: BridgeHttp,
  { model, sha256 }: Pick<LoadOptions, 'model' | 'sha256'>,
  signal: AbortSignal,
): Promise<string> {
  const listed = listOf(await http.json('/v1/models', { signal }));
  const hash = sha256 ?? hashOf(model);
  const found = hash === null ? named(listed, fileName(model)) : listed.find((each) => each.sha256 === hash);
  if (found !== undefined) return `sha256:${found.sha256}`;
  const name = typeof model === 'string' ? model : 'this file';
  throw new ForgelightError(
    'invalid-request',
    `The bridge does not have the model ${name}. Fetch it there: npx forgelight pull ${typeof model === 'string' ? model : 'ADDRESS'}`,
    { param: 'model' },
  );
}

/** One, or nothing where two could be meant. */
function named(listed: readonly Listed[], name: string | null): Listed | undefined {
  const all = listed.filter((each) => each.name === name);
  return new Set(all.map(({ sha256 }) => sha256)).size === 1 ? all[0] : undefined;
}

function hashOf(model: LoadOptions['model']): string | null {
  const match = typeof model === 'string' ? /^sha256:([0-9a-f]{64})$/i.exec(model) : null;
  return match?.[1]?.toLowerCase() ?? null;
}

/** `x.gguf` of an address or a reference to the hub. */
function fileName(model: LoadOptions['model']): string | null {
  if (typeof model !== 'string') return null;
  return /([^/\\:?#]+\.gguf)(?:[?#].*)?$/i.exec(model)?.[1] ?? null;
}

function listOf(value: unknown): Listed[] {
  const data = (value as { readonly data?: unknown } | null)?.data;
  if (!Array.isArray(data)) return [];
  return data.flatMap((entry: unknown) => {
    const { name, sha256 } = (entry ?? {}) as Partial<Listed>;
    return typeof name === 'string' && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)
      ? [{ name, sha256 }]
      : [];
  });
}
