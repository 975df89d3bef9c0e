/** What an HTTP answer says about the file behind it. */
export interface FileIdentity {
  /** Of the whole file, not of the part that the answer carries. */
  readonly sizeBytes: number | null;
  /** As sent: `"abc"`, or `W/"abc"` for a weak one. */
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** From `x-linked-etag`, lower-case hex. */
  readonly sha256: string | null;
}

/** Of a 200 or 206 answer. */
export function identityOf(response: Response): FileIdentity {
  const { headers } = response;
  return {
    sizeBytes: response.status === 206 ? (contentRange(headers)?.sizeBytes ?? null) : contentLength(headers),
    etag: headers.get('etag'),
    lastModified: headers.get('last-modified'),
    sha256: sha256Of(headers.get('x-linked-etag')),
  };
}

/** For `If-Range`, which wants a strong ETag or, in want of any ETag, a date; `null` where there is neither. RFC 9110, 13.1.5. */
export function ifRangeOf(identity: FileIdentity): string | null {
  const { etag, lastModified } = identity;
  if (etag === null) return lastModified;
  return isWeak(etag) ? null : etag;
}

/** Whether two answers can be of the same file. What one of them does not say is no difference. */
export function maybeSameFile(first: FileIdentity, later: FileIdentity): boolean {
  const pairs = [
    [first.sizeBytes, later.sizeBytes],
    [opaqueTag(first.etag), opaqueTag(later.etag)],
    [first.sha256, later.sha256],
    // Caches that agree on the ETag may disagree on the date.
    first.etag === null ? [first.lastModified, later.lastModified] : [null, null],
  ];
  return pairs.every(([before, after]) => before === null || after === null || before === after);
}

/** `bytes 100-199/200`; behind status 416 a star stands for the range. */
export function contentRange(headers: Headers): { start: number | null; sizeBytes: number | null } | null {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(?:(\d+)|\*)$/.exec(headers.get('content-range') ?? '');
  if (match === null) return null;
  return { start: numberOf(match[1]), sizeBytes: numberOf(match[2]) };
}

/** `null` too where the body is compressed on the way: then the length is not the file's. */
export function contentLength(headers: Headers): number | null {
  if (isEncoded(headers)) return null;
  const length = headers.get('content-length');
  return length !== null && /^\d+$/.test(length) ? numberOf(length) : null;
}

/** Bytes of a compressed body cannot be counted or continued. */
export function isEncoded(headers: Headers): boolean {
  return !['identity', ''].includes(headers.get('content-encoding') ?? '');
}

function numberOf(digits: string | undefined): number | null {
  const value = Number(digits ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : null;
}

function isWeak(etag: string): boolean {
  return etag.startsWith('W/');
}

/** The tag without weakness: a proxy that compresses turns a strong one into a weak one of the same file. */
function opaqueTag(etag: string | null): string | null {
  return etag?.replace(/^W\//, '') ?? null;
}

function sha256Of(etag: string | null): string | null {
  const match = /^(?:W\/)?"?([0-9a-f]{64})"?$/i.exec(etag ?? '');
  return match?.[1]?.toLowerCase() ?? null;
}
