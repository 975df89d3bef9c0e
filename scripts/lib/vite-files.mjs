import { join } from 'node:path';
import { modelsFolder, ROOT } from './paths.mjs';
import { pathInside, serveFile } from './static-file.mjs';

const PLACES = [
  { prefix: '/models/', folder: modelsFolder() },
  { prefix: '/fixtures/', folder: join(ROOT, 'test/fixtures') },
];

/**
 * Gives tests in the browser the models folder at `/models/` and `test/fixtures` at `/fixtures/`, as the page's server
 * does: with byte ranges and hashes.
 * @returns {import('vite').Plugin}
 */
export function testFiles() {
  return {
    name: 'forgelight-test-files',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const url = (request.url ?? '').replace(/[?#].*$/, '');
        const place = PLACES.find(({ prefix }) => url.startsWith(prefix));
        if (!place) return next();
        const path = pathInside(place.folder, decodeURIComponent(url.slice(place.prefix.length)));
        const served = path === null ? Promise.resolve(false) : serveFile(request, response, path);
        served.then((done) => {
          if (!done) response.writeHead(404).end();
        }, next);
      });
    },
  };
}
