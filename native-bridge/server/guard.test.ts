import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from './status-error';
import { examine, ownHosts, type GuardRules } from './guard';
import { isOrigin, isUsualOrigin, pairableOrigins } from './origins';
import type { RawHead } from './request-head';

const PAIRED = 'https://page.example';
const rules: GuardRules = {
  hosts: ownHosts(['127.0.0.1'], 8788),
  isPaired: (origin) => origin === PAIRED,
  mayPair: isUsualOrigin,
};

function head(headers: Record<string, string>, more: Partial<RawHead> = {}): RawHead {
  const all = { host: '127.0.0.1:8788', ...headers };
  return { method: 'GET', target: '/v1/models', httpVersion: '1.1', rawHeaders: Object.entries(all).flat(), ...more };
}

/** `passed`, or the status (and code) that it is refused with. */
function verdict(one: RawHead): string {
  try {
    examine(one, rules);
    return 'passed';
  } catch (error) {
    if (error instanceof StatusError) return String(error.status);
    return error instanceof Error && 'code' in error ? String(error.code) : 'broken';
  }
}

describe('the guard', () => {
  it('lets through what it should', () => {
    expect(verdict(head({}))).toBe('passed');
    expect(verdict(head({ host: 'LOCALHOST:8788' }))).toBe('passed');
    expect(verdict(head({ host: '[::1]:8788' }))).toBe('passed');
    expect(verdict(head({ origin: PAIRED, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }))).toBe('passed');
    expect(verdict(head({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }))).toBe('passed');
    const json = { 'content-type': 'application/json; charset=UTF-8', 'content-length': '2' };
    expect(verdict(head(json, { method: 'POST' }))).toBe('passed');
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(verdict(head(link, { target: '/?model=sha256:1' }))).toBe('passed');
    const file = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' };
    expect(verdict(head(file, { target: '/assets/a.js' }))).toBe('passed');
  });

  it('lets through a hundred headers, and no more', () => {
    const many = (count: number): RawHead =>
      head(Object.fromEntries(Array.from({ length: count - 1 }, (_, index) => [`x-${index}`, ''])));
    expect([verdict(many(100)), verdict(many(101))]).toEqual(['passed', '431']);
  });

  it('answers for its own addresses, and without a port where browsers leave it out', () => {
    const own = ['127.0.0.1:80', 'localhost:80', '[::1]:80', 'box:80'];
    expect(ownHosts(['127.0.0.1', 'Box'], 80)).toEqual([...own, '127.0.0.1', 'localhost', '[::1]', 'box']);
    expect(ownHosts(['fe80::1'], 8788)).toContain('[fe80::1]:8788');
    expect(ownHosts([], 8788)).not.toContain('127.0.0.1');
  });

  it('minds no cookies: they ignore ports, so that any program of this computer sets them for all', () => {
    const set = ['cookie', 'user=J\u00c3\u00bcrgen', 'Cookie', 'a=b'];
    const one = head({});
    const cookies = { ...one, rawHeaders: [...one.rawHeaders, ...set] };
    expect(verdict(cookies)).toBe('passed');
    expect([...examine(cookies, rules).headers.keys()]).toEqual(['host']);
  });

  it.each([
    [{ host: 'evil.example:8788' }, '421'],
    [{ host: '127.0.0.1' }, '421'],
    [{ host: '127.0.0.1:8788.' }, '421'],
    [{ host: '127.0.0.1:87880' }, '421'],
    [{ host: 'localhost.evil.example:8788' }, '421'],
    [{ host: 'evil@127.0.0.1:8788' }, '421'],
    [{ host: '' }, '421'],
    [{ Host: '127.0.0.1:8788' }, '421'], // the second of two
    [{ host: 'evil.example', upgrade: 'websocket' }, '421'],
    [{ origin: 'null' }, 'bridge-denied'],
    [{ origin: '' }, 'bridge-denied'],
    [{ origin: 'https://page.example.evil.example' }, 'bridge-denied'],
    [{ origin: 'https://evilpage.example' }, 'bridge-denied'],
    [{ origin: 'https://page.example:8443' }, 'bridge-denied'],
    [{ origin: 'http://page.example' }, 'bridge-denied'],
    [{ origin: 'https://page.example/' }, 'bridge-denied'],
    [{ origin: 'HTTPS://PAGE.EXAMPLE' }, 'bridge-denied'],
    [{ origin: `${PAIRED} https://evil.example` }, 'bridge-denied'],
    [{ origin: 'http://localhost:8788' }, 'bridge-denied'], // another origin than 127.0.0.1's
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 'bridge-denied'],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 'bridge-denied'],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'bridge-denied'],
    [{ origin: PAIRED, 'sec-fetch-site': 'same-origin' }, 'bridge-denied'],
    [{ origin: 'http://127.0.0.1:8788', 'sec-fetch-site': 'cross-site' }, 'bridge-denied'],
    [{ origin: PAIRED, 'sec-fetch-mode': 'websocket' }, 'bridge-denied'],
    [{ 'transfer-encoding': 'chunked', 'content-length': '3' }, '400'],
    [{ 'transfer-encoding': 'gzip, chunked' }, '501'],
    [{ 'content-length': '+3' }, '400'],
    [{ 'content-length': '3' }, '400'], // a GET with a body
    [{ content_length: '3' }, '400'],
    [{ upgrade: 'h2c' }, '400'],
    [{ connection: 'close, authorization' }, '400'],
    [{ authorization: 'Bearer \u00e9' }, '400'],
    [{ expect: '200-ok' }, '417'],
  ])('refuses %j with %s', (headers, expected) => {
    expect(verdict(head(headers as Record<string, string>))).toBe(expected);
  });

  it.each([
    ['http://127.0.0.1:8788/v1/models', '400'],
    ['//evil.example/v1/models', '400'],
    ['*', '400'],
    ['/v1/models#x', '400'],
    ['/v1\\models', '400'],
    ['/%zz', '400'],
    ['/v1/models?token=x', '400'],
    ['/v1/models?API_KEY=x', '400'],
    ['/?access%5ftoken=x', '400'],
    ['/v1/models?x.token=x', '400'],
    ['/?bridgeToken=x', '400'],
    ['/?hub_token=x', '400'],
    ['/?max_tokens=5&keyboard=1', 'passed'],
    [`/${'x'.repeat(3000)}`, '414'],
  ])('answers the target %s with %s', (target, expected) => {
    expect(verdict(head({}, { target }))).toBe(expected);
  });

  it.each([
    ['text/plain', '415'],
    ['application/x-www-form-urlencoded', '415'],
    ['application/json, text/plain', '415'],
    ['application/json; charset=utf-16', '415'],
    ['application/jsonp', '415'],
    ['', '415'],
  ])('takes JSON alone, not %j', (type, expected) => {
    expect(verdict(head({ 'content-type': type, 'content-length': '2' }, { method: 'POST' }))).toBe(expected);
  });

  it('never lets an origin through that is not exactly a paired one, whatever is done to its text', () => {
    fc.assert(
      fc.property(fc.nat(PAIRED.length), fc.string({ maxLength: 3 }), fc.nat(2), (at, put, cut) => {
        const origin = PAIRED.slice(0, at) + put + PAIRED.slice(at + cut);
        fc.pre(origin !== PAIRED);
        return verdict(head({ origin })) !== 'passed';
      }),
      { seed: 9, numRuns: 500 },
    );
  });
});

describe('origins that may be paired', () => {
  it('are those of https and of this computer, as browsers write them', () => {
    for (const right of ['https://a.example', 'https://a.example:8443', 'http://localhost:3000', 'http://127.0.0.1']) {
      expect([right, isUsualOrigin(right)]).toEqual([right, true]);
    }
    for (const wrong of [
      'null',
      '',
      'http://a.example',
      'https://a.example/',
      'https://A.example',
      'https://a.example:443',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
    ]) {
      expect([wrong, isUsualOrigin(wrong)]).toEqual([wrong, false]);
    }
    expect(isOrigin('chrome-extension://abcdef')).toBe(true);
  });

  it('are those that FORGELIGHT_ORIGINS names, where it does', () => {
    const mayPair = pairableOrigins(' https://a.example, chrome-extension://abcdef');
    expect(['https://a.example', 'chrome-extension://abcdef', 'https://b.example'].map(mayPair)).toEqual([
      true,
      true,
      false,
    ]);
    expect(['https://a.example.evil.example', 'https://a.example:8443'].map(mayPair)).toEqual([false, false]);
    expect(() => pairableOrigins('https://a.example/path')).toThrow(/is no origin/);
    expect(pairableOrigins('')('https://any.example')).toBe(true);
  });
});
