import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseParser } from './sse-parser';

function parse(text: string, cuts: readonly number[] = [], maxEventChars?: number): string[] {
  const bytes = new TextEncoder().encode(text);
  const parser = new SseParser(maxEventChars);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.flatMap((end, i) => parser.push(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)));
}

describe('SseParser', () => {
  it.each([
    ['data: a\n\ndata: b\n\n', ['a', 'b']],
    ['data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['data: a\r\rdata: b\r\r', ['a', 'b']],
    ['data:a\n\ndata:  two\n\n', ['a', ' two']],
    ['data: one\ndata: two\ndata\ndata: \n\n', ['one\ntwo\n\n']],
    [': comment\n\n:\n\nevent: x\nid: 7\nretry: 10\ndata: a\n\n', ['a']],
    ['event: nothing\n\nda: a\n\ndata : b\n\n', []],
    ['\uFEFFdata: behind a mark\n\n', ['behind a mark']],
    ['data: whole\n\ndata: cut off\n', ['whole']],
    ['data: 😀 ∑ é\n\n', ['😀 ∑ é']],
    ['data: {"a":"\u2028"}\n\n', ['{"a":"\u2028"}']],
  ])('reads %j', (text, events) => {
    expect(parse(text)).toEqual(events);
  });

  it('finds the same events wherever the bytes are cut', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ' ', ':', '😀', 'é', '∑', '\u0000') });
    const event = fc.tuple(fc.array(line, { minLength: 1, maxLength: 4 }), fc.constantFrom('\n', '\r\n', '\r'));
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.nat(500)), (events, cuts) => {
        const text = events
          .map(([lines, end]) => `:ping${end}${lines.map((each) => `data: ${each}${end}`).join('')}${end}`)
          .join('');
        expect(parse(text, cuts)).toEqual(events.map(([lines]) => lines.join('\n')));
      }),
      { numRuns: 500 },
    );
  });

  it.each([['data: 0123456789'], ['data: 01\ndata: 23\ndata: 45\ndata: 67'], ['x'.repeat(30)]])(
    'does not gather an event without end: %s',
    (text) => {
      expect(() => parse(text, [], 9)).toThrow(/longer than 9 characters/);
    },
  );

  it('has the limit for one event, not for all of them', () => {
    expect(parse('data: 12345\n\n'.repeat(100), [], 9)).toHaveLength(100);
  });
});
