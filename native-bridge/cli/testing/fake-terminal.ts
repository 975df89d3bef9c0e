import type { Terminal, Typed } from '../terminal';

/** Somebody who types these lines, one after the other, and then leaves with Ctrl+D; or a pipe. */
export class FakeTerminal implements Terminal {
  readonly prompts: string[] = [];
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly typed: Typed[] = [],
    readonly isInteractive = false,
    private readonly piped = '',
  ) {}

  ask(prompt: string): Promise<Typed> {
    this.prompts.push(prompt);
    return Promise.resolve(this.typed.shift() ?? { is: 'end' });
  }

  readAll(): Promise<string> {
    return Promise.resolve(this.piped);
  }

  onInterrupt(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ctrl+C; false where nobody wants it. */
  interrupt(): boolean {
    const hear = [...this.listeners];
    for (const listener of hear) listener();
    return hear.length > 0;
  }
}
