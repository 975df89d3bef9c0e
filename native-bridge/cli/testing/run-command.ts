import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { startOf } from '../../../src/store/node-fs/processes';
import { writeDaemonFile, type DaemonRecord } from '../../state/daemon-file';
import { proofOf } from '../../state/daemon-proof';
import { runCli, type CliHost } from '../run-cli';
import { FakeTerminal } from './fake-terminal';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Options = Partial<Pick<CliHost, 'fetch' | 'terminal' | 'signal' | 'env' | 'outIsTerminal' | 'isTerminal'>> & {
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
    daemon: async (pid = process.pid) => writeDaemonFile(folder, { ...(await recordOfDaemon()), pid }),
    /** One did: its file is there, and another process has its number now. */
    staleDaemon: async () => writeDaemonFile(folder, { ...(await recordOfDaemon()), started: '1' }),
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

/** What the file of a daemon says that is this process, and answers as `asDaemon` does. */
export async function recordOfDaemon(): Promise<DaemonRecord> {
  const { pid } = process;
  return { pid, started: await startOf(pid), host: '127.0.0.1', port: 1, key: 'fl-key' };
}

/** A daemon that proves to be the one of `recordOfDaemon`, and answers all else so. */
export function asDaemon(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (url, init) => {
    const { pathname, searchParams } = new URL(url instanceof Request ? url.url : url);
    if (pathname !== '/v1/admin/proof') return fetch(url, init);
    return Promise.resolve(Response.json({ proof: proofOf('fl-key', searchParams.get('nonce') ?? '') }));
  };
}
