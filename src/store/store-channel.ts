/** Tells the other tabs how far a download is. Nothing depends on a message to arrive. */
export interface StoreChannel {
  /** To all others that listen, not to oneself. Plain data. */
  post(message: unknown): void;
  /** The returned function ends it. */
  listen(listener: (message: unknown) => void): () => void;
}
