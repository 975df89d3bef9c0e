import { describe, expect, it } from 'vitest';
import { jsonLines, plainLines } from './log-format';
import { LogRing, type LogEntry } from './log-ring';

const entry = (event: string): LogEntry => ({ level: 'info', event });

/** A ring over a sink that takes a write when it is told to. */
function held(capacity: number) {
  const writes: { text: string; take: () => void; fail: () => void }[] = [];
  const sink = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      writes.push({ text, take: resolve, fail: () => reject(new Error('EPIPE')) });
    });
  const format = ({ event, ['lines']: lines }: LogEntry): string =>
    lines === undefined ? event : `${event} ${String(lines)}`;
  return { ring: new LogRing({ capacity, sink, format }), writes };
}

describe('the ring of the log', () => {
  it('writes what comes in one turn at once, in order', async () => {
    const { ring, writes } = held(10);
    ring.log(entry('a'));
    ring.log(entry('b'));
    await Promise.resolve();
    expect(writes.map(({ text }) => text)).toEqual(['a\nb\n']);
    ring.log(entry('c'));
    writes[0]?.take();
    await new Promise(setImmediate);
    expect(writes[1]?.text).toBe('c\n');
    writes[1]?.take();
    await ring.flush();
    expect([writes.length, ring.dropped]).toEqual([2, 0]);
  });

  it('never waits: while the sink takes nothing the oldest lines go, and are counted and said', async () => {
    const { ring, writes } = held(3);
    ring.log(entry('first'));
    await Promise.resolve();
    for (let line = 0; line < 10; line += 1) ring.log(entry(`${line}`));
    expect([writes.length, ring.dropped]).toEqual([1, 7]);
    writes[0]?.take();
    await new Promise(setImmediate);
    expect(writes[1]?.text).toBe('log-dropped 7\n7\n8\n9\n');
    writes[1]?.take();
    await ring.flush();
  });

  it('goes on when a write fails', async () => {
    const { ring, writes } = held(3);
    ring.log(entry('lost'));
    await Promise.resolve();
    writes[0]?.fail();
    await ring.flush();
    ring.log(entry('next'));
    await Promise.resolve();
    expect(writes[1]?.text).toBe('log-dropped 1\nnext\n');
    expect(ring.dropped).toBe(1);
  });

  it('says of lines that nobody got once, also of those that a failed write said so of', async () => {
    const { ring, writes } = held(3);
    const write = async (...events: string[]): Promise<void> => {
      for (const event of events) ring.log(entry(event));
      await Promise.resolve();
    };
    await write('first');
    for (const event of ['1', '2', '3', '4', '5']) ring.log(entry(event));
    writes[0]?.take();
    await new Promise(setImmediate);
    expect(writes[1]?.text).toBe('log-dropped 2\n3\n4\n5\n');
    writes[1]?.fail();
    await ring.flush();
    expect(ring.dropped).toBe(5);
    await write('6', '7');
    expect(writes[2]?.text).toBe('log-dropped 5\n6\n7\n');
    writes[2]?.take();
    await ring.flush();
    await write('8');
    expect([writes[3]?.text, ring.dropped]).toEqual(['8\n', 5]);
  });

  it('writes lines for programs and for people', () => {
    const one: LogEntry = {
      level: 'warn',
      event: 'paired',
      message: 'Paired: a\u001b[2J\u009b',
      origin: undefined,
      ms: 3,
    };
    expect(jsonLines(() => 0, false)(one)).toBe(
      '{"time":"1970-01-01T00:00:00.000Z","level":"warn","event":"paired","message":"Paired: a\\u001b[2J\\u009b","ms":3}',
    );
    expect(plainLines(() => 0, false)(one)).toMatch(/^\d\d:\d\d:\d\d warn: Paired: a\ufffd\[2J\ufffd ms=3$/);
    expect(plainLines(() => 0, false)({ level: 'debug', event: 'request' })).toBeNull();
    expect(jsonLines(() => 0, true)({ level: 'debug', event: 'request' })).toContain('request');
  });
});
