import { createInterface } from 'node:readline';
import type { Terminal, Typed } from './terminal';

const HISTORY_LINES = 200;

/** The process's own terminal. `interrupt` is for whoever hears SIGINT: false where nobody here wants it. */
export function nodeTerminal(): Terminal & { readonly interrupt: () => boolean } {
  const { stdin, stdout } = process;
  const listeners = new Set<() => void>();
  let history: string[] = [];
  return {
    isInteractive: stdin.isTTY === true,
    interrupt: () => {
      const hear = [...listeners]; // who hears may take itself out
      for (const listener of hear) listener();
      return hear.length > 0;
    },
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ask: (prompt, signal) =>
      // One a line: between two lines the terminal is as any program has it, so that Ctrl+C is a signal again.
      new Promise<Typed>((resolve) => {
        const reader = createInterface({ input: stdin, output: stdout, history, historySize: HISTORY_LINES });
        let typed: Typed = { is: 'end' };
        const end = (how: Typed): void => {
          typed = how;
          reader.close();
        };
        const leave = (): void => reader.close();
        signal.addEventListener('abort', leave, { once: true });
        reader.on('history', (lines) => (history = lines));
        reader.on('SIGINT', () => end({ is: 'interrupted', wasEmpty: reader.line === '' }));
        reader.on('close', () => {
          signal.removeEventListener('abort', leave);
          resolve(typed);
        });
        reader.question(prompt, (text) => end({ is: 'line', text }));
      }),
    readAll: async (signal) => {
      const parts: Buffer[] = [];
      const stop = (): void => void stdin.destroy(signal.reason instanceof Error ? signal.reason : undefined);
      signal.addEventListener('abort', stop, { once: true });
      try {
        for await (const part of stdin) parts.push(Buffer.from(part as Uint8Array));
      } finally {
        signal.removeEventListener('abort', stop);
      }
      return Buffer.concat(parts).toString('utf8');
    },
  };
}
