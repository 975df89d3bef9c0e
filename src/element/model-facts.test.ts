import { describe, expect, it } from 'vitest';
import { defined } from '../base/assert';
import { CATALOGUE } from '../client/index';
import { askSize, catalogueFacts, factsOf } from './model-facts';

const PAGE = 'https://example.org/chat/';

describe('what is known of a model', () => {
  it('is the catalogue’s, or the name alone', async () => {
    const { model, name, sizeBytes } = defined(CATALOGUE[0], 'a model');
    expect(await catalogueFacts(model)).toEqual({ name, sizeBytes });
    expect(await catalogueFacts('hf:owner/repo:Q4_K_M')).toBeNull();
    expect(await catalogueFacts('https://example.org/a.gguf')).toBeNull();
    expect(factsOf('https://example.org/a%20b.gguf?x=/y')).toEqual({ name: 'a b.gguf', sizeBytes: null });
    expect(factsOf('models/100%.gguf')).toEqual({ name: '100%.gguf', sizeBytes: null });
    expect(factsOf('hf:owner/repo:Q4_K_M')).toEqual({ name: 'repo:Q4_K_M', sizeBytes: null });
  });
});

describe('the size of an address', () => {
  const asked: [string, RequestInit | undefined][] = [];
  const answering =
    (headers: Record<string, string>, status = 200): typeof fetch =>
    async (input, init) => {
      asked.push([input instanceof Request ? input.url : input.toString(), init]);
      return new Response(null, { status, headers });
    };

  it('is asked for without the file', async () => {
    expect(await askSize('../a.gguf', PAGE, answering({ 'content-length': '98362432' }))).toBe(98_362_432);
    expect(asked).toMatchObject([['https://example.org/a.gguf', { method: 'HEAD', credentials: 'omit' }]]);
  });

  it.each([
    ['a server that says none', 'a.gguf', answering({})],
    ['a compressed answer', 'a.gguf', answering({ 'content-length': '9', 'content-encoding': 'gzip' })],
    ['a refusal', 'a.gguf', answering({ 'content-length': '9' }, 404)],
    ['no network', 'a.gguf', (): Promise<never> => Promise.reject(new TypeError('failed to fetch'))],
  ])('is not known after %s', async (_what, src, ask) => {
    expect(await askSize(src, PAGE, ask)).toBeNull();
  });

  it.each(['hf:owner/repo/a.gguf', 'sha256:abc', 'a-00001-of-00003.gguf'])('is not asked for %s', async (src) => {
    asked.length = 0;
    expect(await askSize(src, PAGE, answering({ 'content-length': '9' }))).toBeNull();
    expect(asked).toEqual([]);
  });
});
