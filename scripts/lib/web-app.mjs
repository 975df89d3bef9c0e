// What makes an app of the built page: manifest, icons, and the service worker with the list of all files.
import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { drawIcon } from './app-icon.mjs';
import { ROOT } from './paths.mjs';

const SERVICE_WORKER = 'service-worker.js';
const PAGE = 'index.html';

/** Every address is beside the manifest: the page may be served from any path. */
const MANIFEST = {
  name: 'Forgelight',
  short_name: 'Forgelight',
  description: 'A language model that runs in this browser, on your own graphics processor.',
  lang: 'en',
  start_url: './',
  scope: './',
  display: 'standalone',
  background_color: '#171513',
  theme_color: '#171513',
  categories: ['productivity', 'utilities'],
  icons: [
    { src: 'icon-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
    { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
    { src: 'icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    { src: 'icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
  ],
};

/** Of the maskable one a circle of 80 % is certain to be seen; the mark is well inside. */
const ICONS = [
  { name: 'icon-192.png', size: 192, margin: 0.2, corner: 0.22 },
  { name: 'icon-512.png', size: 512, margin: 0.2, corner: 0.22 },
  { name: 'icon-maskable-512.png', size: 512, margin: 0.27, corner: 0 },
];

/** @param {string} folder where the page has been built */
export async function finishWebApp(folder) {
  await writeFile(join(folder, 'manifest.webmanifest'), `${JSON.stringify(MANIFEST, null, 2)}\n`);
  for (const { name, ...drawing } of ICONS) await writeFile(join(folder, name), drawIcon(drawing));
  await copyFile(join(ROOT, 'src/page/favicon.svg'), join(folder, 'icon.svg'));
  await buildServiceWorker(folder, await precacheOf(folder));
}

/**
 * Every file of the page with the hash of its bytes, and one name for all of them together. The page itself is the folder's own address:
 * some servers redirect from the file's.
 * @param {string} folder
 */
export async function precacheOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== SERVICE_WORKER)
    .sort();
  const files = await Promise.all(
    paths.map(async (path) => {
      const hash = createHash('sha256').update(await readFile(join(folder, path)));
      return { path: path === PAGE ? '' : path, integrity: `sha256-${hash.digest('base64')}` };
    }),
  );
  const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  return { version, files };
}

/** @param {string} folder @param {Awaited<ReturnType<typeof precacheOf>>} precache */
async function buildServiceWorker(folder, precache) {
  const { build } = await import('vite');
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    define: { PRECACHE: JSON.stringify(precache) },
    build: {
      target: 'es2023',
      outDir: folder,
      emptyOutDir: false,
      lib: {
        entry: join(ROOT, 'src/page/service-worker.ts'),
        // A classic script: not every browser takes a module for a service worker.
        formats: ['iife'],
        name: 'forgelightServiceWorker',
        fileName: () => SERVICE_WORKER,
      },
    },
  });
}
