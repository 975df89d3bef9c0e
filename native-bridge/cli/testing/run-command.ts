import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { writeDaemonFile } from '../../state/daemon-file';
import { runCli, type CliHost } from '../run-cli';
import { FakeTerminal } from './fake-terminal';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Options = Partial<Pick<CliHost, 'fetch' | 'terminal' | 'signal' | 'env' | 'outIsTerminal'>> & {
  readonly onOut?: (text: string) => void;
};

/** Runs command lines with models and state in a folder of each test's own. */
export function useCommand() {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forgelight-cli-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return {
    /** A daemon of this user runs, as far as its file says; with the number of a process that is gone, it did. */
    daemon: (pid = process.pid) => writeDaemonFile(folder, { pid, host: '127.0.0.1', port: 1, key: 'fl-key' }),
    run: async (args: readonly string[], options: Options = {}): Promise<Ran> => {
      let [out, err] = ['', ''];
      const code = await runCli(args, {
        out: (text) => {
          out += text;
          options.onOut?.(text);
        },
        err: (text) => (err += text),
        outIsTerminal: false,
        isTerminal: false,
        terminal: new FakeTerminal(),
        signal: new AbortController().signal,
        fetch: () => Promise.reject(new Error('nobody is asked')),
        ...options,
        env: { FORGELIGHT_MODELS: folder, FORGELIGHT_STATE: folder, ...options.env },
      });
      return { code, out, err };
    },
  };
}

/** A daemon that says hello, and answers all else so. */
export function afterHello(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (url, init) => {
    const isHello = (url instanceof Request ? url.url : String(url)).endsWith('/v1/hello');
    return isHello ? Promise.resolve(Response.json({ service: 'forgelight' })) : fetch(url, init);
  };
}
