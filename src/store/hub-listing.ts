import type { ByteStream } from '../base/byte-stream';
import { ForgelightError } from '../base/errors';
import { MIB } from '../base/units';
import { HUB_ORIGIN, hubTreeUrl, type HubRepository } from './hub';
import { urlSource, type UrlSourceOptions } from './url-source';

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex; `null` for small files, which are not kept by their hash. */
  readonly sha256: string | null;
}

/** A page has up to 1000 files. */
const MAX_PAGES = 20;
const MAX_PAGE_BYTES = 16 * MIB;

/** All files of a repository, revision `main`. Rejects as a download does, and with `network` for an answer that is no listing. */
export async function listHubFiles(
  repository: HubRepository,
  options: UrlSourceOptions,
  signal: AbortSignal,
): Promise<readonly HubFile[]> {
  const files: HubFile[] = [];
  let next: URL | null = hubTreeUrl(repository);
  for (let page = 0; next !== null; page += 1) {
    if (page === MAX_PAGES) throw noListing(next, `it has more than ${MAX_PAGES} pages`);
    const { entries, following } = await readPage(next, options, signal);
    files.push(...entries);
    next = following;
  }
  return files;
}

async function readPage(
  url: URL,
  options: UrlSourceOptions,
  signal: AbortSignal,
): Promise<{ entries: readonly HubFile[]; following: URL | null }> {
  let link: string | null = null;
  const noticing: typeof fetch = async (input, init) => {
    const response = await (options.fetch ?? fetch)(input, init);
    link = response.headers.get('link');
    return response;
  };
  const { firstBytes: _, ...whole } = options;
  const { stream } = await urlSource(url, { ...whole, fetch: noticing }).open(signal);
  const entries = entriesOf(url, await readText(stream, url));
  return { entries, following: nextPage(link, url) };
}

async function readText(stream: ByteStream, url: URL): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let sizeBytes = 0;
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_PAGE_BYTES) {
      const error = noListing(url, 'it is too large');
      await stream.cancel(error);
      throw error;
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** `Link: <…?cursor=…>; rel="next"` (RFC 8288). Only the hub's own address is followed. */
function nextPage(link: string | null, base: URL): URL | null {
  const [, target] = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '') ?? [];
  if (target === undefined || !URL.canParse(target, base)) return null;
  const url = new URL(target, base);
  return url.origin === HUB_ORIGIN ? url : null;
}

function entriesOf(url: URL, text: string): readonly HubFile[] {
  const entries = parse(text);
  if (!Array.isArray(entries)) throw noListing(url, 'the answer is not a list of files');
  return entries.flatMap((entry: unknown) => fileOf(entry) ?? []);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** `null` for folders and for what is not understood. */
function fileOf(entry: unknown): HubFile | null {
  const { type, path, size, lfs } = record(entry);
  if (type !== 'file' || typeof path !== 'string') return null;
  const large = record(lfs);
  const sizeBytes = large['size'] ?? size;
  const oid = large['oid'];
  return {
    path,
    sizeBytes: typeof sizeBytes === 'number' ? sizeBytes : 0,
    sha256: typeof oid === 'string' && /^[0-9a-f]{64}$/i.test(oid) ? oid.toLowerCase() : null,
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function noListing(url: URL, reason: string): ForgelightError {
  return new ForgelightError(
    'network',
    `The listing ${url.origin}${url.pathname} cannot be read: ${reason}. Name the file itself, as hf:owner/repo/file.gguf.`,
  );
}
