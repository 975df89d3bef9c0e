import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useTempFolder } from '../testing/temp-folder.mjs';
import { useServers } from '../testing/use-server.mjs';
import { findFile, packageIndex } from './package-index.mjs';

const inFolder = useTempFolder();
const startServer = useServers();

describe('packageIndex', () => {
  it('takes the index of the environment, its credentials as a header', () => {
    expect(packageIndex({ PIP_INDEX_URL: 'https://me:p%40ss@index.example/simple/' })).toEqual({
      url: 'https://index.example/simple',
      headers: { authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` },
    });
  });

  it('reads the index of a configuration file', () => {
    writeFileSync(inFolder('pip.conf'), '[global]\ntimeout = 60\nindex-url = https://mirror.example/simple\n');
    expect(packageIndex({ PIP_CONFIG_FILE: inFolder('pip.conf') }).url).toBe('https://mirror.example/simple');
  });
});

describe('findFile', () => {
  const signal = new AbortController().signal;

  it('reads a JSON index and an HTML one', async () => {
    const json = await startServer((_, response) => {
      response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
      response.end(JSON.stringify({ files: [{ filename: 'p-1.whl', url: '../../files/p-1.whl' }] }));
    });
    const html = await startServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(
        '<a href="/x/p-0.whl">p-0.whl</a>\n<a class="f" href="/x/p-1.whl?a=1&amp;b=2#sha256=00"> p-1.whl </a>',
      );
    });
    const index = (/** @type {string} */ url) => ({ url: `${url}/simple`, headers: {} });
    expect(await findFile(index(json.url), 'p', 'p-1.whl', signal)).toBe(`${json.url}/files/p-1.whl`);
    expect(await findFile(index(html.url), 'p', 'p-1.whl', signal)).toBe(`${html.url}/x/p-1.whl?a=1&b=2#sha256=00`);
    await expect(findFile(index(html.url), 'p', 'p-2.whl', signal)).rejects.toThrow('has no p-2.whl');
  });

  it('says what the index answered', async () => {
    const { url } = await startServer((_, response) => response.writeHead(404).end());
    await expect(findFile({ url, headers: {} }, 'p', 'p-1.whl', signal)).rejects.toThrow('answered 404 for p');
  });
});
