import { openAsBlob } from 'node:fs';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ForgelightError, loadTokenizer } from './index';

const FILE = 'test/fixtures/zoo/smollm2.gguf';

describe('loadTokenizer', () => {
  it('reads a Blob', async () => {
    const tokenizer = await loadTokenizer(await openAsBlob(FILE));
    const ids = tokenizer.encode('Hello world', { addSpecial: false });
    expect(tokenizer.decode(ids)).toBe('Hello world');
    expect(tokenizer.vocabularySize).toBe(512);
  });

  it('reads an address', async () => {
    const bytes = await readFile(FILE);
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const tokenizer = await loadTokenizer(`http://127.0.0.1:${port}/smollm2.gguf`);
      expect(tokenizer.vocabularySize).toBe(512);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it.each([[''], [5], ['ftp://x/y.gguf'], ['hf:nobody']])('refuses %j', async (model) => {
    const refusal: unknown = await loadTokenizer(model as string).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ForgelightError);
    expect(refusal).toMatchObject({ code: 'invalid-request', param: 'model' });
  });

  it('can be aborted', async () => {
    const blob = await openAsBlob(FILE);
    await expect(loadTokenizer(blob, { signal: AbortSignal.abort('no') })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
