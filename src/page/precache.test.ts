import { describe, expect, it } from 'vitest';
import { answerTo, cacheName, otherVersions } from './precache';

const SCOPE = 'https://page.example/chat/';
const PATHS = new Set(['', 'assets/index-1.js', 'assets/ab/worker.js']);

const answer = (path: string, given: { method?: string; mode?: string; range?: boolean; scope?: string } = {}) => {
  const { method = 'GET', mode = 'cors', range = false, scope = SCOPE } = given;
  const headers = { has: (name: string) => range && name === 'range' };
  return answerTo({ url: new URL(path, SCOPE).href, method, mode, headers }, scope, PATHS);
};

describe('a request', () => {
  it('of a kept file is answered with it', () => {
    expect(answer('assets/index-1.js')).toEqual({ kind: 'file', path: 'assets/index-1.js' });
    expect(answer('assets/of-another-version.js')).toMatchObject({ kind: 'file' });
    expect(answer('assets/ab/worker.js', { mode: 'same-origin' })).toMatchObject({ kind: 'file' });
  });

  it.each([
    ['another method', 'assets/index-1.js', { method: 'POST' }],
    ['a range, as of models', 'assets/index-1.js', { range: true }],
    ['a query', 'assets/index-1.js?x', {}],
    ['a model beside the page', 'models/x.gguf', {}],
    ['a model of the same origin', '/models/x.gguf', {}],
    ['another origin', 'https://hub.example/chat/assets/index-1.js', {}],
    ['the folder itself, fetched', '', {}],
    ['a name in another folder', '/assets/index-1.js', {}],
  ])('with %s is left to the browser', (_name, path, given) => {
    expect(answer(path, given)).toEqual({ kind: 'network' });
  });

  it('that opens the page has the page, whatever the address says behind it', () => {
    for (const path of ['', '?model=hf:a/b:Q4', 'index.html', '#m=x']) {
      expect(answer(path, { mode: 'navigate' })).toEqual({ kind: 'page', when: 'always' });
    }
  });

  it('that opens something else in the folder has the page where there is no network', () => {
    for (const path of ['old/link', 'models/x.gguf', 'assets/index-1.js']) {
      expect(answer(path, { mode: 'navigate' })).toEqual({ kind: 'page', when: 'offline' });
    }
    expect(answer('/elsewhere', { mode: 'navigate' })).toEqual({ kind: 'network' });
  });
});

it('caches of other pages of the origin are not touched', () => {
  const own = cacheName(SCOPE, 'ab12');
  const names = [
    own,
    cacheName(SCOPE, 'ab11'),
    cacheName('https://page.example/', 'ab11'),
    cacheName('https://page.example/chat/:old/', 'ab11'),
    'workbox-precache',
  ];
  expect(otherVersions(names, SCOPE, 'ab12')).toEqual([cacheName(SCOPE, 'ab11')]);
});
