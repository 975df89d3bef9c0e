import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach } from 'vitest';

/**
 * Starts servers on free ports and closes them after the test.
 * @returns {(server: import('node:http').Server | import('node:http').RequestListener) => Promise<{ url: string, port: number }>}
 */
export function useServers() {
  /** @type {import('node:http').Server[]} */
  const running = [];
  afterEach(() => {
    for (const server of running.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });
  return async (given) => {
    const server = typeof given === 'function' ? createServer(given) : given;
    running.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    return { url: `http://127.0.0.1:${port}`, port };
  };
}
