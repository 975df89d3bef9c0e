import { assert, defined } from '../base/assert';

type Layout = Readonly<Record<string, 'u32' | 'f32'>>;
type Values<L extends Layout> = { readonly [K in keyof L]: number };

/** The uniform block of a kernel: its fields in the order of the shader's `Params`, a word each. */
export interface ParamLayout<L extends Layout> {
  encode(values: Values<L>): Uint32Array;
  decode(words: Uint32Array): Values<L>;
}

export function paramLayout<const L extends Layout>(layout: L): ParamLayout<L> {
  const fields = Object.entries(layout);
  return {
    encode(values) {
      const view = new DataView(new ArrayBuffer(fields.length * 4));
      fields.forEach(([name, type], i) => {
        const value = defined(values[name], name);
        if (type === 'u32') view.setUint32(i * 4, wholeU32(name, value), true);
        else view.setFloat32(i * 4, value, true);
      });
      return new Uint32Array(view.buffer);
    },
    decode(words) {
      const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
      const entries = fields.map(([name, type], i) => [
        name,
        type === 'u32' ? view.getUint32(i * 4, true) : view.getFloat32(i * 4, true),
      ]);
      return Object.fromEntries(entries) as Values<L>;
    },
  };
}

/** What would wrap around in the shader is a mistake of ours, never an answer. */
function wholeU32(name: string, value: number): number {
  assert(Number.isInteger(value) && value >= 0 && value < 2 ** 32, `${name} is a u32, not ${value}`);
  return value;
}
