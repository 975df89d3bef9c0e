/** What is known of whole models, and of unfinished downloads. */
export type RecordKind = 'models' | 'parts';

/** `value` is as it was stored, by whatever version: whoever reads it checks it. `unreadable`: torn, or no JSON. */
export type StoredRecord =
  | { readonly state: 'absent' }
  | { readonly state: 'there'; readonly value: unknown }
  | { readonly state: 'unreadable'; readonly reason: string };

/** Small records, plain data as JSON has it. Failures throw; that a record is not there is a value. */
export interface StoreRecords {
  get(kind: RecordKind, key: string): Promise<StoredRecord>;
  /** Whole or not at all, and strictly durable: when it resolves, the record survives a crash. Throws `StoreFullError`. */
  put(kind: RecordKind, key: string, value: unknown): Promise<void>;
  /** Durable as `put` is. */
  delete(kind: RecordKind, key: string): Promise<void>;
  keys(kind: RecordKind): Promise<readonly string[]>;
}
