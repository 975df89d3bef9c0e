import { describe, expect, it } from 'vitest';
import { upstreamAddress, upstreamAddresses, upstreamKey } from './upstream-url';

describe('upstreamAddress', () => {
  it.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080', 'http://127.0.0.1:8080/v1'],
    ['http://127.0.0.1:8080/v1/', 'http://127.0.0.1:8080', 'http://127.0.0.1:8080/v1'],
    [' https://gpu.example/llm ', 'https://gpu.example/llm', 'https://gpu.example/llm/v1'],
    ['https://gpu.example/openai/v1', 'https://gpu.example/openai', 'https://gpu.example/openai/v1'],
    ['https://gpu.example/api/v3', 'https://gpu.example/api/v3', 'https://gpu.example/api/v3'],
    ['http://[::1]:11434', 'http://[::1]:11434', 'http://[::1]:11434/v1'],
  ])('takes %s', (text, name, baseUrl) => {
    expect(upstreamAddress(text)).toEqual({ name, baseUrl });
  });

  it.each([
    ['', /is no address/],
    ['localhost:8080', /begins with "localhost:"/],
    ['127.0.0.1:8080', /is no address/],
    ['file:///etc/passwd', /begins with "file:"/],
    ['http://me:sk-secret@gpu.example', /name or password/],
    ['http://sk-secret@gpu.example', /name or password/],
    ['http://gpu.example/v1?api_key=sk-secret', /FORGELIGHT_UPSTREAM_KEY/],
    ['http://gpu.example/v1#sk-secret', /FORGELIGHT_UPSTREAM_KEY/],
  ])('refuses %s without repeating it', (text, words) => {
    expect(() => upstreamAddress(text)).toThrow(words);
    expect(() => upstreamAddress(text)).not.toThrow(/sk-secret/);
    expect(() => upstreamAddress(text)).toThrow(
      expect.objectContaining({ code: 'invalid-request', param: 'upstream' }),
    );
  });

  it('reads several, each once', () => {
    const names = upstreamAddresses('http://a:1, http://b:2/v1\nhttp://a:1/v1,').map(({ name }) => name);
    expect(names).toEqual(['http://a:1', 'http://b:2']);
    expect(upstreamAddresses(' ')).toEqual([]);
  });
});

describe('upstreamKey', () => {
  it.each([
    [undefined, null],
    ['', null],
    [' \n', null],
    ['sk-1 ', 'sk-1'],
  ])('reads %j', (value, key) => {
    expect(upstreamKey({ FORGELIGHT_UPSTREAM_KEY: value })).toBe(key);
  });

  it.each(['Bearer sk-secret', 'sk-secret\nx', 'sk-secret…'])('refuses %j without repeating it', (value) => {
    const read = () => upstreamKey({ FORGELIGHT_UPSTREAM_KEY: value });
    expect(read).toThrow(/FORGELIGHT_UPSTREAM_KEY has characters/);
    expect(read).not.toThrow(/secret/);
  });
});
