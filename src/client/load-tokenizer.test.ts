import { openAsBlob } from 'node:fs';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { splitIdentity } from '../store/split-identity';
import { ForgelightError, loadTokenizer } from './index';
import { readStored } from './load-tokenizer';
import { FakeScope } from './testing/fake-worker';

const FILE = 'test/fixtures/zoo/smollm2.gguf';

/** A page whose store has a model's parts, and gives its header for whatever hash is asked for. */
async function storing(parts: readonly string[]): Promise<{ readonly scope: FakeScope; readonly asked: unknown[] }> {
  const bytes = new Uint8Array(await readFile(FILE));
  const scope = new FakeScope();
  const asked: unknown[] = [];
  let at = 0;
  const entries = parts.map((sha256, i) => {
    const fileName = `x-0000${i + 1}-of-0000${parts.length}.gguf`;
    return { state: 'ok', sha256, fileName, names: [`https://models.example/${fileName}`] };
  });
  const store = {
    list: () => ({ ok: true, value: entries }),
    openExport: (sha256: string) => {
      asked.push(sha256);
      return { ok: true, value: { id: 1, sizeBytes: bytes.length, fileName: 'x.gguf' } };
    },
    readExport: () => ({ ok: true, value: bytes.slice(at, (at += 10_000)) }),
    closeExport: (id: number) => void asked.push(id),
  };
  Object.assign(scope.host, { store });
  return { scope, asked };
}

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

  it('reads the header of what is in the store, and gives its file back', async () => {
    const { scope, asked } = await storing([]);
    const model = `sha256:${'ab'.repeat(32)}`;
    const tokenizer = await readStored(scope, model, { signal: null, workerUrl: '/worker.js' });
    expect(tokenizer.vocabularySize).toBe(512);
    expect(asked).toEqual([model, 1]);
    expect(scope.worker.terminations).toBe(1);
    await expect(loadTokenizer(model)).rejects.toMatchObject({ code: 'invalid-request', param: 'model' });
  });

  it('reads the first file of a model in several that is in the store, by the hash of all', async () => {
    const hashes = ['ab'.repeat(32), 'cd'.repeat(32)];
    const { scope, asked } = await storing(hashes);
    const model = `sha256:${(await splitIdentity(hashes)).toUpperCase()}`;
    const tokenizer = await readStored(scope, model, { signal: null, workerUrl: '/worker.js' });
    expect(tokenizer.vocabularySize).toBe(512);
    expect(asked).toEqual([hashes[0], 1]);
  });

  it('can be aborted', async () => {
    const blob = await openAsBlob(FILE);
    await expect(loadTokenizer(blob, { signal: AbortSignal.abort('no') })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
