import { expect, test } from 'vitest';
import { requestId, tokenId } from '../base/ids';
import type { RequestEvent } from './events';
import { RequestJournal } from './request-journal';

const id = requestId(1);
const body = { messages: [{ role: 'user', content: 'Hello' }] };
const accepted: RequestEvent = { type: 'accepted', requestId: id, promptIds: [tokenId(5), tokenId(6)], seed: 42 };
const token = (n: number): RequestEvent => ({ type: 'token', requestId: id, tokenId: tokenId(n), text: '' });

test('before anything was heard, another engine is asked the same', () => {
  const request = { kind: 'chat', body } as const;
  expect(new RequestJournal(request).continuation()).toBe(request);
});

test('an answer goes on behind the tokens that were heard, with the seed in force', () => {
  const journal = new RequestJournal({ kind: 'chat', body });
  expect([accepted, token(7), token(8)].map((event) => journal.note(event))).toEqual([true, true, true]);
  expect(journal.emitted).toBe(2);
  expect(journal.continuation()).toEqual({
    kind: 'resume',
    of: 'chat',
    body,
    seed: 42,
    promptIds: [5, 6],
    emittedIds: [7, 8],
  });
});

test('a second engine is accepted in silence, and a third goes on behind both', () => {
  const journal = new RequestJournal({ kind: 'completion', body });
  for (const event of [accepted, token(7)]) journal.note(event);
  expect(journal.note(accepted)).toBe(false);
  expect(journal.note(token(9))).toBe(true);
  expect(journal.continuation()).toMatchObject({ kind: 'resume', of: 'completion', emittedIds: [7, 9] });
});

test('a request that was a continuation itself keeps what came before', () => {
  const first = { kind: 'resume', of: 'chat', body, seed: 42, promptIds: [5, 6], emittedIds: [1, 2] } as const;
  const journal = new RequestJournal(first);
  for (const event of [accepted, token(3)]) journal.note(event);
  expect(journal.continuation()).toEqual({ ...first, emittedIds: [1, 2, 3] });
});

test('logits and vectors are asked for again, and told once', () => {
  const request = { kind: 'evaluate', ids: [5, 6], positions: 'all' } as const;
  const journal = new RequestJournal(request);
  const logits: RequestEvent = { type: 'logits', requestId: id, position: 0, logits: new Float32Array(1) };
  expect([accepted, logits].map((event) => journal.note(event))).toEqual([true, true]);
  expect(journal.continuation()).toBe(request);
  expect([accepted, logits].map((event) => journal.note(event))).toEqual([false, false]);
  expect(journal.note({ ...logits, position: 1 })).toBe(true);
});
