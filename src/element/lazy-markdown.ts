import type { MarkdownStream } from './markdown-stream';

// Parser and sanitiser are most of the element's bytes, and nobody reads an answer before a model is there.

let Stream: (new () => MarkdownStream) | null = null;
let loading: Promise<void> | null = null;

/** A stream for one answer; `null` until `loadMarkdown` has resolved. */
export function newMarkdownStream(): MarkdownStream | null {
  return Stream === null ? null : new Stream();
}

/** Resolves when answers can be rendered. Where the script cannot be fetched it rejects, and the next call tries again. */
export function loadMarkdown(): Promise<void> {
  loading ??= import('./markdown-stream').then(
    ({ MarkdownStream: loaded }) => void (Stream = loaded),
    (error: unknown) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}
