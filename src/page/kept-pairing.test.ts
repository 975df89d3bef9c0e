import { expect, it } from 'vitest';
import { keepPairing, readPairing } from './kept-pairing';

const pairing = { url: 'http://127.0.0.1:8788', token: 'secret', expiresAtMs: 1000 };

function storage(): { readonly kept: Map<string, string>; readonly open: () => Storage } {
  const kept = new Map<string, string>();
  const open = (): Storage =>
    ({
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    }) as unknown as Storage;
  return { kept, open };
}

it('a pairing is kept until it is over or forgotten', () => {
  const { kept, open } = storage();
  expect(readPairing(open, 0)).toBe(null);
  expect(keepPairing(open, pairing)).toBe(true);
  expect([readPairing(open, 999), readPairing(open, 1000)]).toEqual([pairing, null]);
  keepPairing(open, null);
  expect(kept.size).toBe(0);
});

it.each(['https://evil.example', 'http://192.168.1.9:8788', 'x'])('one with %s is none', (url) => {
  const { kept, open } = storage();
  kept.set('forgelight-bridge', JSON.stringify({ ...pairing, url }));
  expect(readPairing(open, 0)).toBe(null);
});

it.each(['{', '1', '{"url":1,"token":"x","expiresAtMs":5}', '{"url":"x","token":"y"}'])('%s is none', (text) => {
  const { kept, open } = storage();
  kept.set('forgelight-bridge', text);
  expect(readPairing(open, 0)).toBe(null);
});

it('where site data is blocked there is none', () => {
  const blocked = (): Storage => {
    throw new DOMException('blocked', 'SecurityError');
  };
  expect([readPairing(blocked, 0), keepPairing(blocked, pairing)]).toEqual([null, false]);
});
