import { describe, expect, it } from 'vitest';
import { requestId } from '../base/ids';
import type { RequestEvent } from '../protocol/events';
import { createListener, Outbox, type Listener } from './outbox';

const prefill = (id: number): RequestEvent => ({ type: 'prefill', requestId: requestId(id), done: 1, total: 2 });

function ended(id: number): RequestEvent {
  const timings = {
    prompt_n: 0,
    prompt_ms: 0,
    prompt_per_second: 0,
    predicted_n: 0,
    predicted_ms: 0,
    predicted_per_second: 0,
    cache_n: 0,
  };
  const usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0 };
  return { type: 'ended', requestId: requestId(id), outcome: { kind: 'stop' }, text: '', usage, timings };
}

describe('Outbox', () => {
  it('delivers in order, and only when flushed', () => {
    const heard: string[] = [];
    const outbox = new Outbox();
    const [one, two] = [1, 2].map((id) =>
      createListener(requestId(id), id, (event) => heard.push(`${id} ${event.type}`)),
    );
    for (const listener of [one, two, one]) if (listener !== undefined) outbox.post(listener, prefill(listener.id));
    expect(heard).toEqual([]);
    outbox.flush(() => {});
    outbox.flush(() => {});
    expect(heard).toEqual(['1 prefill', '2 prefill', '1 prefill']);
  });

  it('lets nothing follow the terminal event', () => {
    const outbox = new Outbox();
    const listener = createListener(requestId(1), 1, () => {});
    outbox.post(listener, ended(1));
    expect(() => outbox.post(listener, prefill(1))).toThrow("request 1 has ended, but is sent 'prefill'");
    expect(() => outbox.post(listener, ended(1))).toThrow("is sent 'ended'");
  });

  it('reports a listener that throws once, spares it all but the end, and serves the others', () => {
    const heard: string[] = [];
    const thrown: Listener[] = [];
    const outbox = new Outbox();
    const broken = createListener(requestId(1), 1, (event) => {
      heard.push(`broken ${event.type}`);
      throw new Error('closed port');
    });
    const sound = createListener(requestId(2), 2, (event) => heard.push(`sound ${event.type}`));
    outbox.post(broken, prefill(1));
    outbox.post(broken, prefill(1));
    outbox.post(sound, prefill(2));
    outbox.post(broken, ended(1));
    outbox.flush((listener) => thrown.push(listener));
    expect(heard).toEqual(['broken prefill', 'sound prefill', 'broken ended']);
    expect(thrown).toEqual([broken]);
  });
});
