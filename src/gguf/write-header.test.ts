import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { meta, writeGguf } from '../../test/gguf-writer';
import { defined } from '../base/assert';
import { parseGguf } from './parse';
import type { GgufFile } from './types';
import { writeGgufHeader } from './write-header';

const ZOO = 'test/fixtures/zoo';

function parse(bytes: Uint8Array): GgufFile {
  const result = parseGguf(bytes);
  if (result.kind !== 'complete') throw new Error('the header is cut');
  return result.file;
}

/** The file's own header, written anew. */
function rewritten(file: GgufFile): Uint8Array {
  const { metadata, tensors, alignment, dataOffsetBytes } = file;
  const relative = tensors.map((tensor) => ({ ...tensor, offset: tensor.offsetBytes - dataOffsetBytes }));
  return writeGgufHeader({ metadata, tensors: relative, alignment });
}

function expectSame(again: GgufFile, file: GgufFile): void {
  expect([...again.metadata]).toEqual([...file.metadata]);
  expect(again.alignment).toBe(file.alignment);
  const placed = (of: GgufFile) =>
    of.tensors.map((tensor) => ({ ...tensor, offsetBytes: tensor.offsetBytes - of.dataOffsetBytes }));
  expect(placed(again)).toEqual(placed(file));
}

describe('writeGgufHeader', () => {
  it('gives back every kind of value', () => {
    const file = parse(
      writeGguf({
        metadata: {
          'general.alignment': 64,
          zero: meta.number('f32', -0),
          third: meta.number('f32', 1 / 3),
          exact: meta.number('f64', 1 / 3),
          infinite: meta.number('f32', -Infinity),
          none: meta.number('f32', Number.NaN),
          small: -7,
          byte: meta.number('i8', -7),
          large: meta.number('u64', 2 ** 40),
          low: meta.number('i64', -(2 ** 40)),
          huge: meta.number('u64', 2n ** 64n - 1n),
          lowest: meta.number('i64', -(2n ** 63n)),
          yes: true,
          text: 'Grüße \u{1f30d}',
          empty: '',
          bytes: meta.numbers('u8', [0, 255]),
          shorts: meta.numbers('i16', [-1, 5]),
          words: new Uint32Array([1, 2 ** 32 - 1]),
          floats: new Float32Array([1.5, Number.NaN]),
          doubles: meta.numbers('f64', [0.1]),
          signed: meta.numbers('i64', [-1, 2n ** 60n]),
          unsigned: meta.numbers('u64', [1, 2n ** 63n]),
          flags: meta.numbers('bool', [1, 0]),
          strings: ['a', 'ß'],
          nothing: meta.strings([]),
          nested: meta.nested([meta.numbers('u8', [1]), meta.strings(['x'])]),
        },
        tensors: [
          { name: 'a', type: 'Q8_0', shape: [64, 3] },
          { name: 'b', type: 'F32', shape: [5] },
        ],
        alignment: 64,
      }),
    );
    const bytes = rewritten(file);
    expect(bytes.length % 64).toBe(0);
    expectSame(parse(bytes), file);
    expect(rewritten(parse(bytes))).toEqual(bytes);
  });

  it.each(readdirSync(ZOO).filter((name) => name.endsWith('.gguf')))('gives back the header of %s', (name) => {
    const file = parse(new Uint8Array(readFileSync(`${ZOO}/${name}`)));
    const bytes = rewritten(file);
    const again = parse(bytes);
    expectSame(again, file);
    expect(again.dataOffsetBytes).toBe(bytes.length);
    expect(defined(again.tensors[0], 'a tensor').offsetBytes).toBeGreaterThanOrEqual(bytes.length);
  });
});
