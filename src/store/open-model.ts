import { ForgelightError } from '../base/errors';
import type { ModelReference } from '../protocol/engine-port';
import { blobSource } from './blob-source';
import { hubUrl, isHubReference } from './hub';
import type { ModelSource } from './source';
import { urlSource, type UrlSourceOptions } from './url-source';

export interface ModelSourceOptions extends UrlSourceOptions {
  /** The page's address: what `/models/x.gguf` stands in, and which origin may be plain HTTP. */
  readonly baseUrl?: string | URL;
}

/**
 * The source that a `model` option names: an https address, a path on the page's own server, `hf:owner/repo/file.gguf`, a
 * `File` or a `Blob`. Throws `invalid-request` for everything else.
 */
export function modelSource(reference: ModelReference, options: ModelSourceOptions): ModelSource {
  if (reference instanceof Blob) return blobSource(reference);
  if (isHubReference(reference)) return urlSource(hubUrl(reference), options);
  if (reference.startsWith('sha256:')) {
    throw badModel(
      reference,
      'it is not in the store: this version keeps no models. Give its address or its file instead',
    );
  }
  return urlSource(addressOf(reference, options.baseUrl), options);
}

function addressOf(reference: string, baseUrl: string | URL | undefined): URL {
  const relative = /^\.{0,2}\//.test(reference);
  if (relative && baseUrl === undefined) throw badModel(reference, 'a path needs a page that it stands in');
  if (!relative && !/^https?:/i.test(reference)) {
    throw badModel(reference, 'it must be an https address, hf:owner/repo/file.gguf, or a file');
  }
  if (!URL.canParse(reference, baseUrl)) throw badModel(reference, 'it is not a valid address');
  const url = new URL(reference, baseUrl);
  if (url.username !== '' || url.password !== '') throw badModel(url.host, 'an address must not hold a password');
  if (url.protocol === 'https:' || isTrustedHttp(url, baseUrl)) return url;
  throw badModel(reference, `${url.protocol} is not safe for a model; use https`);
}

/** `127.0.0.1` and its like; the URL parser has written them out in full. */
const LOOPBACK = /^127(?:\.\d+){3}$/;

/** Plain HTTP cannot be tampered with on this computer, and a page that came by it trusts its own server already. */
function isTrustedHttp(url: URL, baseUrl: string | URL | undefined): boolean {
  if (url.protocol !== 'http:') return false;
  if (baseUrl !== undefined && new URL(baseUrl).origin === url.origin) return true;
  const { hostname } = url;
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || LOOPBACK.test(hostname);
}

function badModel(reference: string, reason: string): ForgelightError {
  return new ForgelightError('invalid-request', `The model "${reference}" cannot be used: ${reason}.`, {
    param: 'model',
  });
}
