import { ForgelightError } from '../base/errors';
import { splitUrls } from '../gguf/split-name';
import type { ModelReference } from '../protocol/engine-port';
import { filesSource } from './files-source';
import { isHubReference, parseHubReference, withHubToken } from './hub';
import { hubSource, type KeptFile, type WrapFile } from './hub-source';
import { mirroredSource } from './mirrored-source';
import { mixedMirrors, type Mirror } from './mixed-mirrors';
import type { ModelSource } from './source';
import { splitSource } from './split-source';
import { urlSource, type UrlSourceOptions } from './url-source';

export interface ModelSourceOptions extends UrlSourceOptions {
  /** The page's address: what `/models/x.gguf` stands in, and which origin may be plain HTTP. */
  readonly baseUrl?: string | URL;
  /** An access token of the hub. It goes to the hub alone, in a header. */
  readonly hubToken?: string;
  /** Other addresses of the same file, with `sha256`. */
  readonly mirrors?: readonly string[];
  /** What the file's SHA-256 is to be, lower-case hex. */
  readonly sha256?: string;
  /** Stands between each single file, parts of split models among them, and whoever reads it. */
  readonly wrapFile?: WrapFile;
  /** What is kept: a repository whose listing nobody gives is known by it. */
  readonly kept?: (addressStart: string) => Promise<readonly KeptFile[]>;
}

/**
 * The source that a `model` option names: an https address, a path on the page's own server, `hf:owner/repo/file.gguf`,
 * `hf:owner/repo:Q4_K_M`, a `File` or a `Blob`, or several of them. The address of one part of a split model
 * (`…-00001-of-00003.gguf`) stands for all of them. Throws `invalid-request` for everything else.
 */
export function modelSource(reference: ModelReference, options: ModelSourceOptions): ModelSource {
  const { fetch = globalThis.fetch, hubToken, mirrors = [], sha256 } = options;
  const asking = hubToken === undefined ? options : { ...options, fetch: withHubToken(fetch, hubToken) };
  if (mirrors.length === 0) return sourceOf(reference, asking);
  if (typeof reference !== 'string') throw badMirrors('there is nothing to mirror of a file of yours: leave them out');
  if (sha256 === undefined) {
    throw badMirrors('sha256 is missing: only a hash can tell that all addresses have the same file. Add it');
  }
  return mirrored([reference, ...mirrors], asking, sha256);
}

/** Whoever keeps files keeps one, whichever address it comes from. Where one of them stands for several, each is kept for itself. */
function mirrored(addresses: readonly string[], options: ModelSourceOptions, sha256: string): ModelSource {
  const { wrapFile, ...unwrapped } = options;
  const single = addresses.map((address) => sourceOf(address, unwrapped));
  if (single.every(({ address }) => address !== undefined)) {
    const file = mirroredSource(single, sha256);
    return wrapFile === undefined ? file : wrapFile(file, sha256);
  }
  const mirrors = addresses.map((address) => mirrorAt(address, options));
  return mixedMirrors(mirrors, sha256, async () => (await options.kept?.('')) ?? []);
}

function mirrorAt(address: string, options: ModelSourceOptions): Mirror {
  const { wrapFile, stallMs, ...unwrapped } = options;
  const addresses = new Set<string>();
  const source = sourceOf(address, {
    ...options,
    wrapFile: (file, hash) => {
      if (file.address !== undefined) addresses.add(file.address);
      return wrapFile?.(file, hash) ?? file;
    },
  });
  const hurried = { maxAttempts: 1, firstBytes: ASKED_BYTES, stallMs: Math.min(stallMs, ASKED_MS) };
  return { source, addresses, asked: sourceOf(address, { ...unwrapped, ...hurried }) };
}

/** What a mirror is asked for only to hear which file it has, and how long that may take. */
const ASKED_BYTES = 64 * 1024;
const ASKED_MS = 5000;

/** The file at an address and nothing else: a part of a split model stands for itself. Throws as `modelSource`. */
export function fileSource(address: string, options: UrlSourceOptions): ModelSource {
  return urlSource(addressOf(address, undefined), options);
}

function sourceOf(reference: ModelReference, options: ModelSourceOptions): ModelSource {
  const wrap = options.wrapFile ?? ((source) => source);
  if (typeof reference !== 'string') return filesSource(reference instanceof Blob ? [reference] : reference, wrap);
  if (isHubReference(reference)) return hubSource(parseHubReference(reference), options, wrap);
  if (reference.startsWith('sha256:')) {
    const isWhole = /^sha256:[0-9a-f]{64}$/i.test(reference);
    throw badModel(
      reference,
      isWhole
        ? 'a model in the store is read by an engine of this origin. Give its address or its file instead'
        : 'behind sha256: stand the 64 hex digits of its hash',
    );
  }
  return addressSource(addressOf(reference, options.baseUrl), options, wrap);
}

/** A file, or where its name says so all parts of a split model, which lie beside each other. */
function addressSource(url: URL, options: ModelSourceOptions, wrap: WrapFile): ModelSource {
  const split = splitUrls(url);
  if (split === null) return wrap(urlSource(url, options), options.sha256 ?? null);
  const parts = split.parts.map((part) => wrap(urlSource(part, options), null));
  return splitSource({ label: url.href, fileName: `${split.stem}.gguf`, parts });
}

function addressOf(reference: string, baseUrl: string | URL | undefined): URL {
  const relative = /^\.{0,2}\//.test(reference);
  if (relative && baseUrl === undefined) throw badModel(reference, 'a path needs a page that it stands in');
  if (!relative && !/^https?:/i.test(reference)) {
    throw badModel(
      reference,
      'it must be an https address, a path that begins with ./ or /, hf:owner/repo/file.gguf, hf:owner/repo:Q4_K_M, or a file',
    );
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

function badMirrors(reason: string): ForgelightError {
  return new ForgelightError('invalid-request', `mirrors cannot be used: ${reason}.`, { param: 'mirrors' });
}
