import { expect, it } from 'vitest';
import { requestId, tokenId } from '../../src/base/ids';
import type { HostRequest } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import { LiveRequests } from './live-requests';

const WHY = { code: 'device-lost', message: 'it died' } as const;
const chat = (name: number): HostRequest => ({ kind: 'chat', body: { name } });
const accepted = (id: number): RequestEvent => ({
  type: 'accepted',
  requestId: requestId(id),
  promptIds: [tokenId(1)],
  seed: 9,
});
const token = (id: number, n: number): RequestEvent => ({
  type: 'token',
  requestId: requestId(id),
  tokenId: tokenId(n),
  text: '',
});

function setUp(count: number): {
  live: LiveRequests;
  sent: [number, HostRequest][];
  heard: Map<number, RequestEvent[]>;
} {
  const sent: [number, HostRequest][] = [];
  const heard = new Map<number, RequestEvent[]>();
  const live = new LiveRequests((id, request) => sent.push([id, request]));
  for (let id = 1; id <= count; id += 1) {
    const events: RequestEvent[] = [];
    heard.set(id, events);
    live.add(id, chat(id), (event) => events.push(event));
  }
  return { live, sent, heard };
}

it('waits for a process, and goes on with the next one behind what was heard', () => {
  const { live, sent, heard } = setUp(1);
  expect(sent).toEqual([]);
  live.ready();
  for (const event of [accepted(1), token(1, 5)]) live.hear(event);
  live.lost(WHY);
  live.ready();
  expect(sent).toEqual([
    [1, chat(1)],
    [1, { kind: 'resume', of: 'chat', body: { name: 1 }, seed: 9, promptIds: [1], emittedIds: [5] }],
  ]);
  for (const event of [accepted(1), token(1, 6)]) live.hear(event);
  expect(heard.get(1)?.map(({ type }) => type)).toEqual(['accepted', 'token', 'token']);
});

it('lets nobody else be there while it looks who has ended a process', () => {
  const { live, sent, heard } = setUp(3);
  live.ready();
  for (const id of [1, 2, 3]) live.hear(accepted(id));
  live.hear(token(1, 5)); // it was answered: the others may be why
  live.lost(WHY);
  sent.length = 0;
  live.ready();
  expect(sent.map(([id]) => id)).toEqual([2]);
  live.hear(token(2, 5));
  expect(sent.map(([id]) => id)).toEqual([2, 3]);
  live.lost(WHY); // 3 again, but 2 was there too
  expect(heard.get(3)?.map(({ type }) => type)).toEqual(['accepted']);
  sent.length = 0;
  live.ready();
  expect(sent.map(([id]) => id)).toEqual([3]);
  live.lost(WHY);
  expect(heard.get(3)?.at(-1)).toMatchObject({
    type: 'ended',
    outcome: { kind: 'failed', error: { ...WHY, requestId: 3 } },
  });
  live.ready();
  expect(sent.map(([id]) => id)).toEqual([3, 1, 2]);
});

it('ends what was cancelled with the process that was to end it', () => {
  const { live, heard } = setUp(2);
  expect(live.cancel(2)).toBe('ended');
  expect(heard.get(2)).toMatchObject([{ type: 'ended', outcome: { kind: 'cancelled' } }]);
  live.ready();
  expect([live.cancel(1), live.cancel(7)]).toEqual(['asked', 'gone']);
  live.lost(WHY);
  expect(heard.get(1)).toMatchObject([{ type: 'ended', outcome: { kind: 'cancelled' } }]);
  expect(live.size).toBe(0);
});
