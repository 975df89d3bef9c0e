import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { extname, join } from 'node:path';
import web from '../../scripts/lib/web-server.json';
import type { Route } from './exchange';
import { StatusError } from './status-error';

const MEDIA_TYPES: Readonly<Record<string, string>> = web.mediaTypes;
const HEADERS = {
  'content-security-policy': web.pagePolicy.join('; '),
  'referrer-policy': 'no-referrer',
};
const TEXT = 'text/plain; charset=utf-8';

/** Answers with the built chat page's files. `folder`: where it was built. */
export function pageRoute(folder: string): Route {
  return {
    access: 'open',
    isWork: false,
    answer: async ({ head, outlet }) => {
      const path = pathInside(folder, head.path === '/' ? '/index.html' : head.path);
      const body = path === null ? null : await readFile(path).catch(() => null);
      if (path === null || body === null) {
        if (head.path === '/') {
          await outlet.whole(
            404,
            TEXT,
            Buffer.from('Forgelight runs. Its chat page is not part of this copy: npm run build makes it.\n'),
          );
          return;
        }
        throw new StatusError(404, 'invalid-request', 'There is no such file.');
      }
      const etag = `"${createHash('sha256').update(body).digest('hex')}"`;
      for (const [name, value] of Object.entries({ ...HEADERS, etag })) outlet.setHeader(name, value);
      const known = (head.headers.get('if-none-match') ?? '')
        .split(',')
        .map((value) => value.trim().replace(/^W\//, ''));
      if (known.includes(etag) || known.includes('*')) await outlet.empty(304, { 'cache-control': 'no-cache' });
      else {
        const type = MEDIA_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
        await outlet.whole(200, type, body, { 'cache-control': 'no-cache' });
      }
    },
  };
}

/** `null` for what is no plain path: nothing outside of the folder, and nothing hidden, can be named. */
function pathInside(folder: string, path: string): string | null {
  const segments = decodeURIComponentOr(path).split('/').slice(1);
  const isPlain = segments.every((part) => part !== '' && !part.startsWith('.') && !/[\\\0:]/.test(part));
  return isPlain ? join(folder, ...segments) : null;
}

/** `..` where the bytes are no text, which names nothing. */
function decodeURIComponentOr(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '/..';
  }
}
