import { expect, test } from 'vitest';
import { base64OfFloats } from '../base/f32-base64';
import { requestId, tokenId } from '../base/ids';
import type { RequestEvent } from './events';
import { requestEventFromJson } from './request-event-json';

const id = requestId(3);
/** As the daemon writes it. */
const wireOf = (event: RequestEvent): string =>
  JSON.stringify(event, (_name, value: unknown) =>
    value instanceof Float32Array ? { f32: base64OfFloats(value) } : value,
  );
const timings = {
  ...{ prompt_n: 1, prompt_ms: 2, prompt_per_second: 3, predicted_n: 4, predicted_ms: 5, predicted_per_second: 6 },
  cache_n: 0,
};
const ended: RequestEvent = {
  type: 'ended',
  requestId: id,
  outcome: { kind: 'stop' },
  text: '',
  usage: { promptTokens: 1, completionTokens: 2, cachedTokens: 0 },
  timings,
};

test.each<RequestEvent>([
  { type: 'accepted', requestId: id, promptIds: [tokenId(1), tokenId(0)], seed: 4_294_967_295 },
  { type: 'prefill', requestId: id, done: 0, total: 2 },
  {
    type: 'token',
    requestId: id,
    tokenId: tokenId(7),
    text: 'é😀',
    logprob: { tokenId: tokenId(7), logprob: -0.5, bytes: [0xe2], top: [{ tokenId: tokenId(0), logprob: -Infinity }] },
  },
  { type: 'logits', requestId: id, position: 1, logits: Float32Array.of(-0, 1.5, Infinity, 1e-40) },
  { type: 'embedding', requestId: id, embedding: new Float32Array(0) },
  ended,
  { ...ended, outcome: { kind: 'failed', error: { code: 'busy', message: 'later' } } },
])('$type crosses a socket as it is', (event) => {
  expect(requestEventFromJson(JSON.parse(wireOf(event)))).toEqual(event);
});

test.each([
  null,
  'token',
  {},
  { type: 'other' },
  { type: 'accepted', requestId: 3, promptIds: [], seed: 1 },
  { type: 'accepted', requestId: 3, promptIds: [1, '2'], seed: 1 },
  { type: 'token', requestId: 3, tokenId: -1, text: '' },
  { type: 'token', requestId: 3, tokenId: 1, text: { toString: 'x' } },
  { type: 'token', requestId: 3, tokenId: 1, text: '', logprob: { tokenId: 1, logprob: 0 } },
  { type: 'logits', requestId: 3, position: 0, logits: [1, 2] },
  { type: 'embedding', requestId: 3, embedding: { f32: '%' } },
  { ...ended, outcome: { kind: 'failed' } },
  { ...ended, outcome: { kind: 'won' } },
  { ...ended, usage: undefined },
])('%j is no event', (value) => {
  expect(() => requestEventFromJson(value)).toThrow(expect.objectContaining({ code: 'network' }));
});
