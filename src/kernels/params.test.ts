import { describe, expect, it } from 'vitest';
import { paramLayout } from './params';

const layout = paramLayout({ rows: 'u32', scale: 'f32', plane: 'u32' });

describe('paramLayout', () => {
  it('encodes a word a field, in their order, whatever the order of the values', () => {
    const words = layout.encode({ plane: 0xfffffff0, scale: -0.5, rows: 7 });
    expect([...words]).toEqual([7, 0xbf000000, 0xfffffff0]);
  });

  it('decodes what it encoded, out of the middle of a buffer too', () => {
    const values = { rows: 2 ** 32 - 1, scale: Math.fround(0.1), plane: 0 };
    const block = new Uint32Array(8);
    block.set(layout.encode(values), 4);
    expect(layout.decode(block.subarray(4))).toEqual(values);
  });

  it('does not encode a field that has no value', () => {
    const values = { rows: 1, scale: 1 } as unknown as Parameters<typeof layout.encode>[0];
    expect(() => layout.encode(values)).toThrow('missing: plane');
  });

  it.each([2 ** 32, -1, 0.5, NaN])('refuses %d as a u32: it would become another number', (rows) => {
    expect(() => layout.encode({ rows, scale: 1, plane: 0 })).toThrow(`rows is a u32, not ${rows}`);
  });
});
