import { ForgelightError } from '../base/errors';

const SCHEME = 'hf:';
export const HUB_ORIGIN = 'https://huggingface.co';
/** The hub's own rule for owners and repositories. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}$/;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export interface HubRepository {
  readonly owner: string;
  readonly name: string;
}

/** What of a repository a reference names. */
export type HubReference = { readonly text: string; readonly repository: HubRepository } & (
  | { readonly kind: 'file'; readonly path: string }
  /** `hf:owner/repo:Q4_K_M` */
  | { readonly kind: 'quantisation'; readonly tag: string }
  /** Nothing: it takes the repository's listing to say what there is. */
  | { readonly kind: 'repository' }
);

export function isHubReference(reference: string): boolean {
  return reference.startsWith(SCHEME);
}

/**
 * Reads `hf:owner/repo/folder/file.gguf`, `hf:owner/repo:Q4_K_M` or `hf:owner/repo`. Throws `invalid-request` saying what is
 * wrong with it.
 */
export function parseHubReference(text: string): HubReference {
  const [owner = '', second = '', ...path] = text.slice(SCHEME.length).split('/');
  if (!NAME.test(owner)) throw badReference(text, `"${owner}" is not the name of an owner`);
  const [name = '', ...tags] = path.length === 0 ? second.split(':') : [second];
  if (!NAME.test(name) || name.includes('..')) throw badReference(text, `"${name}" is not the name of a repository`);
  const repository = { owner, name };
  if (path.length > 0) return { text, repository, kind: 'file', path: filePath(text, path) };
  const tag = tags.join(':');
  if (tags.length === 0) return { text, repository, kind: 'repository' };
  if (!TAG.test(tag)) throw badReference(text, `"${tag}" is not the name of a quantisation, as Q4_K_M is`);
  return { text, repository, kind: 'quantisation', tag };
}

function filePath(text: string, path: readonly string[]): string {
  if (path.some((part) => part === '' || part === '.' || part === '..')) {
    throw badReference(text, 'the path of the file has an empty or relative part');
  }
  if (path.at(-1)?.toLowerCase().endsWith('.gguf') !== true) throw badReference(text, 'it names no .gguf file');
  return path.join('/');
}

/** The address of a file, revision `main`. */
export function hubFileUrl({ owner, name }: HubRepository, path: string): URL {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return new URL(`${HUB_ORIGIN}/${owner}/${name}/resolve/main/${encoded}`);
}

/** The address of the listing of all files: https://huggingface.co/docs/hub/api */
export function hubTreeUrl({ owner, name }: HubRepository): URL {
  return new URL(`${HUB_ORIGIN}/api/models/${owner}/${name}/tree/main?recursive=true`);
}

/** The error for a reference that leads to no file. */
export function badReference(reference: string, reason: string): ForgelightError {
  const message = `The model "${reference}" cannot be used: ${reason}. Write it as hf:owner/repo/file.gguf or hf:owner/repo:Q4_K_M.`;
  return new ForgelightError('invalid-request', message, { param: 'model' });
}

/**
 * `fetch` that shows the hub, and nobody else, who asks: the token goes into a header of requests to the hub's own origin.
 * Where the hub redirects to another origin (its storage), `fetch` itself leaves that header behind (Fetch Standard,
 * HTTP-redirect fetch, step 13).
 */
export function withHubToken(fetch: typeof globalThis.fetch, token: string, origin = HUB_ORIGIN): typeof fetch {
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) return fetch(input, init);
    const headers = new Headers(init?.headers);
    headers.set('Authorization', `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
}
