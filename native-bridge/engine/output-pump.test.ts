import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { OutputPump } from './output-pump';

function pump(): { stream: PassThrough; clock: FakeClock; lines: string[]; dropped: number[] } {
  const stream = new PassThrough({ highWaterMark: 10_000_000 });
  const clock = new FakeClock();
  const [lines, dropped]: [string[], number[]] = [[], []];
  new OutputPump(stream, { clock, onLine: (line) => lines.push(line), onDropped: (count) => dropped.push(count) });
  return { stream, clock, lines, dropped };
}

/** What was written is read. */
const read = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('gives lines whole, however they arrive, and the rest at the end', async () => {
  const { stream, lines } = pump();
  for (const bytes of ['one\ntw', 'o\r\n\n', Buffer.from([0xe2, 0x82]), Buffer.from([0xac, 0x0a]), 'rest'])
    stream.write(bytes);
  await read();
  expect(lines).toEqual(['one', 'two', '€']);
  stream.end();
  await read();
  expect(lines).toEqual(['one', 'two', '€', 'rest']);
});

it('leaves out what is too much of one line, or too many at once, and says how many', async () => {
  const { stream, clock, lines, dropped } = pump();
  stream.write(`${'x'.repeat(100_000)}\n${'line\n'.repeat(1000)}`);
  await read();
  expect(lines[0]?.length).toBe(4096);
  expect([lines.length, dropped]).toEqual([50, []]);
  clock.advance(100);
  stream.write('later\n');
  await read();
  expect([lines.at(-1), lines.length, dropped]).toEqual(['later', 51, [951]]);
});

it('lets whoever writes without an end wait, and goes on later', async () => {
  const { stream, clock, lines } = pump();
  stream.write('a'.repeat(300_000));
  await read();
  expect(stream.isPaused()).toBe(true);
  stream.write('\nend\n');
  await read();
  expect(lines).toEqual([]);
  clock.advance(100);
  await read();
  expect(lines.map(({ length }) => length)).toEqual([4096, 3]);
});
