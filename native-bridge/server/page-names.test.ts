import { expect, it } from 'vitest';
import { FAKE_SHA256, FakeBackend } from '../testing/fake-backend';
import type { Backend } from './backend';
import { checkPageName } from './page-names';

const HASH = `sha256:${FAKE_SHA256}`;
const backend = new FakeBackend();

it.each([
  'fake.gguf',
  'fake',
  '',
  FAKE_SHA256,
  `${HASH}0`,
  ` ${HASH}`,
  'sha256:ab',
  '/models/fake.gguf',
  '../x.gguf',
  'https://host/x.gguf',
  'file:///x.gguf',
  'hf:o/r:Q4_0',
])('a page may not name a model %j, a program may', (name) => {
  expect(() => checkPageName(name, 'page', backend)).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  checkPageName(name, 'native', backend);
});

it.each([HASH, HASH.toUpperCase().replace('SHA', 'sha'), null, undefined, 7])('a page may name it %j', (name) => {
  checkPageName(name, 'page', backend);
});

it('an upstream’s models have no hashes', () => {
  const upstream: Backend = Object.assign(Object.create(backend) as Backend, { kind: 'upstream' });
  checkPageName('llama3', 'page', upstream);
});
