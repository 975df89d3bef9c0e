import { printable, printableLines } from '../server/log-format';
import type { CliHost } from './run-cli';

/** What a process has, before it is made safe for commands. */
export type ProcessHost = Omit<CliHost, 'overwrite'>;

/**
 * What models say, and what files, servers and GPUs are called, others chose: none of it may command the terminal of whoever looks. Of `out` files
 * and programs get every byte; `err` is for people, also where it is kept and looked at later.
 */
export function guardedHost(host: ProcessHost): CliHost {
  const { out, outIsTerminal, err } = host;
  return {
    ...host,
    out: outIsTerminal ? (text) => out(printableLines(text)) : out,
    err: (text) => err(printableLines(text)),
    overwrite: (text) => err(`\r\u001b[K${printable(text)}`),
  };
}
