/** Bytes pulled one chunk at a time by one reader, in file order. */
export interface ByteStream {
  /**
   * The next chunk, never empty, or `null` at the end (again and again). The chunk belongs to the caller. Not called again
   * before the last call settled. A rejection is final.
   */
  read(): Promise<Uint8Array | null>;
  /** Gives up and frees what is held: a pending read and later ones reject with `reason`. May be called more than once. */
  cancel(reason: unknown): Promise<void>;
}
