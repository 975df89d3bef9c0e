import type { Clock } from '../base/clock';
import { ResumableDownload } from './resumable-download';
import type { ModelSource } from './source';

export interface UrlSourceOptions {
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1: pauses between attempts are jittered. */
  readonly random: () => number;
  /** The longest silence of the server; then the load ends with `timeout`. */
  readonly stallMs: number;
  /** Default: the host's `fetch`. */
  readonly fetch?: typeof fetch;
  /** How often in a row the download may fail without a single new byte. Default 5. */
  readonly maxAttempts?: number;
  /** Only the file's beginning is wanted: so many bytes are asked for first, and more as they are read. */
  readonly firstBytes?: number;
}

const DEFAULT_MAX_ATTEMPTS = 5;

/** A model behind an address, read in one pass across broken connections. */
export function urlSource(url: URL, options: UrlSourceOptions): ModelSource {
  const download = {
    ...options,
    fetch: options.fetch ?? globalThis.fetch,
    maxAttempts: options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
  };
  return {
    label: url.href,
    address: url.href,
    async open(signal, from) {
      const stream = new ResumableDownload(url.href, download, signal, from);
      const { identity, startsAt, restarted } = await stream.open();
      const { sizeBytes, sha256 } = identity;
      const opened = { stream, sizeBytes, sha256, fileName: fileNameOf(url), identity, startsAt };
      return restarted === null ? opened : { ...opened, restarted };
    },
  };
}

/** The last part of the path as a person reads it. */
function fileNameOf(url: URL): string {
  return decoded(url.pathname.split('/').at(-1) ?? '');
}

/** A path without percent signs. */
export function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    // A stray percent sign: legal in a URL, only not decodable.
    if (error instanceof URIError) return path;
    throw error;
  }
}
