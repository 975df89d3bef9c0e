import type { CSSResultOrNative, LitElement } from 'lit';
import { adoptStyles } from 'lit';
import type { MarkdownStream } from './markdown-stream';

// Parser and sanitiser are most of the element's bytes, and nobody reads an answer before a model is there.

let Stream: (new () => MarkdownStream) | null = null;
let styles: readonly CSSResultOrNative[] = [];
let loading: Promise<void> | null = null;

/** A stream for one answer; `null` until `loadMarkdown` has resolved. */
export function newMarkdownStream(): MarkdownStream | null {
  return Stream === null ? null : new Stream();
}

/** Gives `root`, of an element of the class `of`, the styles of what a stream makes. */
export function adoptProse(root: HTMLElement | DocumentFragment, of: typeof LitElement): void {
  if (root instanceof ShadowRoot) adoptStyles(root, [...of.elementStyles, ...styles]);
}

/** Resolves when answers can be rendered. Where the script cannot be fetched it rejects, and the next call tries again. */
export function loadMarkdown(): Promise<void> {
  loading ??= import('./markdown-stream').then(
    ({ MarkdownStream: loaded, proseStyles }) => {
      Stream = loaded;
      styles = [proseStyles];
    },
    (error: unknown) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}
