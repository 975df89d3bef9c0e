import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeHub } from '../../test/support/fake-hub';
import { splitIdentity } from '../store/split-identity';
import { sha256Of } from '../store/testing/visits';
import { listHubModels } from './list-hub-models';

const bytes = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(count);

function hubOf(files: Readonly<Record<string, number>>): FakeHub {
  const hub = new FakeHub('o/r-GGUF', new Map(Object.entries(files).map(([path, count]) => [path, bytes(count)])));
  vi.stubGlobal('fetch', hub.fetch);
  onTestFinished(() => void vi.unstubAllGlobals());
  return hub;
}

const FILES = {
  'README.md': 5,
  'm-Q8_0.gguf': 80,
  'm-Q4_K_M.gguf': 40,
  'mmproj-m.gguf': 3,
  'BF16/m-BF16-00001-of-00002.gguf': 100,
  'BF16/m-BF16-00002-of-00002.gguf': 60,
};

describe('the models of a repository on the hub', () => {
  it('come by size, with what they are called by, and only the listing is fetched', async () => {
    const hub = hubOf(FILES);
    const models = await listHubModels('hf:o/r-GGUF');
    expect(models.map(({ model, sizeBytes, quantisation }) => [model, sizeBytes, quantisation])).toEqual([
      ['hf:o/r-GGUF/m-Q4_K_M.gguf', 40, 'Q4_K_M'],
      ['hf:o/r-GGUF/m-Q8_0.gguf', 80, 'Q8_0'],
      ['hf:o/r-GGUF/BF16/m-BF16-00001-of-00002.gguf', 160, 'BF16'],
    ]);
    expect(models.map(({ sha256 }) => sha256)).toEqual([
      sha256Of(bytes(40)),
      sha256Of(bytes(80)),
      await splitIdentity([bytes(100), bytes(60)].map(sha256Of)),
    ]);
    expect(hub.requests.map(({ url }) => url.pathname)).toEqual(['/api/models/o/r-GGUF/tree/main']);
  });

  it('are those of a gated one with a token, which the hub alone is given', async () => {
    const hub = hubOf(FILES);
    hub.token = 'hf_x';
    await expect(listHubModels('hf:o/r-GGUF')).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/^o\/r-GGUF is gated, private, or not there.*access token/) as string,
    });
    expect(await listHubModels('hf:o/r-GGUF:Q8_0', { hubToken: 'hf_x' })).toHaveLength(3);
  });

  it.each([
    ['is not there', 404, 'The hub has no repository o/r-GGUF. Look at its name.'],
    ['is refused', 403, /gated, private/],
    ['is answered in another way', 418, /the server answered 418/],
  ])('of one that %s are told why not', async (_, status, message) => {
    const hub = hubOf({});
    hub.replies.set('/tree/main', () => new Response('', { status }));
    await expect(listHubModels('hf:o/r-GGUF')).rejects.toThrow(message);
  });

  it('are told why not where the hub is out of reach', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch');
    });
    onTestFinished(() => void vi.unstubAllGlobals());
    await expect(listHubModels('hf:o/r-GGUF')).rejects.toThrow(/^The hub cannot be reached/);
  });

  it('of one without any say so', async () => {
    hubOf({ 'model.safetensors': 9 });
    await expect(listHubModels('hf:o/r-GGUF')).rejects.toMatchObject({ code: 'invalid-request', param: 'model' });
  });

  it.each(['o/r', 'https://example.org/x', 'hf:o', 'hf:o/../r'])('are not asked for by %s', async (reference) => {
    const hub = hubOf(FILES);
    await expect(listHubModels(reference)).rejects.toMatchObject({ code: 'invalid-request', param: 'model' });
    expect(hub.requests).toEqual([]);
  });

  it('are not waited for any more when the signal fires', async () => {
    hubOf(FILES);
    const stop = new AbortController();
    const listing = listHubModels('hf:o/r-GGUF', { signal: stop.signal });
    stop.abort();
    await expect(listing).rejects.toMatchObject({ name: 'AbortError' });
    await expect(listHubModels('hf:o/r-GGUF', { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
