/** A line that somebody typed, Ctrl+C while typing, or the end of what comes in (Ctrl+D). */
export type Typed =
  | { readonly is: 'line'; readonly text: string }
  | { readonly is: 'interrupted'; readonly wasEmpty: boolean }
  | { readonly is: 'end' };

/** Where people type. */
export interface Terminal {
  /** Somebody sits there; else something is piped in. */
  readonly isInteractive: boolean;
  /** One line, or the end where `signal` fires. What was typed before can be had back with the arrow keys; nothing of it is written down. */
  ask(prompt: string, signal: AbortSignal): Promise<Typed>;
  /** All that is piped in. */
  readAll(signal: AbortSignal): Promise<string>;
  /** Who hears of Ctrl+C instead of the whole process, until the returned function is called. */
  onInterrupt(listener: () => void): () => void;
}
