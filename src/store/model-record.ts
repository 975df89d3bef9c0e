import * as v from 'valibot';
import type { StoredRecord } from './store-records';

const VERSION = 1;

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in lower-case hex'));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.minLength(1));

// Declared, not inferred: the package's declarations need no other package then.

/** A whole model in the store. Written last: what it says is true, unless the file was damaged afterwards. */
export interface ModelRecord {
  version: 1;
  sha256: string;
  sizeBytes: number;
  /** As its source called it. */
  fileName: string;
  /** The addresses that it is known to be the file of. */
  names: string[];
  /** Milliseconds since 1970. */
  createdAt: number;
  lastUsedAt: number;
  /** Why its file is not to be used, and since when; `null` for a sound one. */
  quarantine: { reason: string; at: number } | null;
}

/** How far an unfinished download is. Written after what it tells of. */
export interface PartJournal {
  version: 1;
  address: string;
  fileName: string;
  /** What the server said about the file. */
  identity: { sizeBytes: number | null; etag: string | null; lastModified: string | null; sha256: string | null };
  /** Bytes, from the first on, that were flushed before this was written. */
  durableBytes: number;
  /** Of these: what is read back is what was received. */
  durableSha256: string;
}

const modelRecord: v.GenericSchema<unknown, ModelRecord> = v.object({
  version: v.literal(VERSION),
  sha256: hash,
  sizeBytes: count,
  fileName: text,
  names: v.array(text),
  createdAt: count,
  lastUsedAt: count,
  quarantine: v.nullable(v.object({ reason: text, at: count })),
});

const partJournal: v.GenericSchema<unknown, PartJournal> = v.object({
  version: v.literal(VERSION),
  address: text,
  fileName: text,
  identity: v.object({
    sizeBytes: v.nullable(count),
    etag: v.nullable(v.string()),
    lastModified: v.nullable(v.string()),
    sha256: v.nullable(hash),
  }),
  durableBytes: count,
  durableSha256: hash,
});

export type ReadRecord<T> =
  | { readonly state: 'absent' }
  | { readonly state: 'valid'; readonly record: T }
  | { readonly state: 'invalid'; readonly reason: string };

export function readModelRecord(stored: StoredRecord, sha256: string): ReadRecord<ModelRecord> {
  const read = check(modelRecord, stored);
  if (read.state !== 'valid' || read.record.sha256 === sha256) return read;
  return { state: 'invalid', reason: `it is about ${read.record.sha256}` };
}

export function readPartJournal(stored: StoredRecord): ReadRecord<PartJournal> {
  return check(partJournal, stored);
}

/** What a damaged record still tells: enough to fetch the model again. */
export function salvaged(stored: StoredRecord, sha256: string, nowMs: number): ModelRecord {
  const raw: unknown = stored.state === 'there' ? stored.value : null;
  const part = v.fallback(
    v.object({
      sizeBytes: v.fallback(count, 0),
      fileName: v.fallback(text, 'model.gguf'),
      names: v.fallback(v.array(text), []),
      createdAt: v.fallback(count, nowMs),
      lastUsedAt: v.fallback(count, nowMs),
    }),
    { sizeBytes: 0, fileName: 'model.gguf', names: [], createdAt: nowMs, lastUsedAt: nowMs },
  );
  return { version: VERSION, sha256, ...v.parse(part, raw), quarantine: null };
}

function check<T>(schema: v.GenericSchema<unknown, T>, stored: StoredRecord): ReadRecord<T> {
  switch (stored.state) {
    case 'absent':
      return stored;
    case 'unreadable':
      return { state: 'invalid', reason: stored.reason };
    case 'there': {
      const parsed = v.safeParse(schema, stored.value);
      if (parsed.success) return { state: 'valid', record: parsed.output };
      const [issue] = parsed.issues;
      return { state: 'invalid', reason: `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}` };
    }
  }
}
