/** The room that a store is in. */
export interface StoreSpace {
  /** Asks that the browser keeps what is stored even when the disk gets full; whether it will. */
  persist(): Promise<boolean>;
  /** Bytes that the whole origin uses, which is more than the models; `null` where nobody can tell. */
  usageBytes(): Promise<number | null>;
}
