import { cp, mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = resolve(import.meta.dirname, '..');

/** A server of the built page that can be taken away. */
export interface PageServer {
  readonly address: string;
  /** What is served: a copy of the built page. */
  readonly folder: string;
  stop(): Promise<void>;
}

export async function servePage(): Promise<PageServer> {
  const { createStaticServer } = (await import(pathToFileURL(join(ROOT, 'scripts/serve.mjs')).href)) as {
    createStaticServer: (options: { readonly page: string }) => Server;
  };
  const folder = await mkdtemp(join(tmpdir(), 'forgelight-page-'));
  await cp(join(ROOT, 'dist/page'), folder, { recursive: true });
  const server = createStaticServer({ page: folder }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    folder,
    stop: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
}
