import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseWhole, splitGguf } from '../../test/support/split-gguf';
import { parseSplitName, splitNames } from '../gguf/split-name';
import { filesSource } from './files-source';

const whole = new Uint8Array(readFileSync('test/fixtures/zoo/llama.gguf'));
const parts = splitGguf(whole, 3);
const same = <T>(source: T): T => source;
const file = (i: number, name = `m-0000${i}-of-00003.gguf`): File => new File([parts[i - 1] ?? whole], name);

describe('parseSplitName', () => {
  it.each([
    ['a-00002-of-00003.gguf', { stem: 'a', part: 2, count: 3 }],
    ['dir/a.b-00001-of-00010.GGUF', { stem: 'dir/a.b', part: 1, count: 10 }],
    ['a-00001-of-00001.gguf', null],
    ['a-00004-of-00003.gguf', null],
    ['a-00000-of-00003.gguf', null],
    ['a-1-of-3.gguf', null],
    ['a-00001-of-00003.bin', null],
    ['a.gguf', null],
  ])('reads %s', (name, expected) => {
    expect(parseSplitName(name)).toEqual(expected);
  });

  it('names the whole set', () => {
    expect(splitNames({ stem: 'x', count: 2 })).toEqual(['x-00001-of-00002.gguf', 'x-00002-of-00002.gguf']);
  });
});

describe('filesSource', () => {
  it('puts parts in order by their names', async () => {
    const source = filesSource([file(3), file(1), file(2)], same);
    const { stream, fileName, sizeBytes } = await source.open(new AbortController().signal);
    expect(fileName).toBe('m.gguf');
    expect(source.label).toBe('m.gguf');
    const header = (await stream.read()) ?? new Uint8Array();
    expect(sizeBytes).toBeGreaterThan(header.length);
    await stream.cancel('enough');
    expect(parseWhole(whole).tensors.length).toBeGreaterThan(3);
  });

  it('takes nameless blobs as they are given', async () => {
    const blobs = parts.map((part) => new Blob([part]));
    await expect(filesSource(blobs, same).open(new AbortController().signal)).resolves.toBeDefined();
    await expect(filesSource(blobs.toReversed(), same).open(new AbortController().signal)).rejects.toMatchObject({
      code: 'bad-gguf',
    });
  });

  it.each([
    [[file(2)], 'bad-gguf', /m is a model in 3 files, and of these number 1, 3 is missing/],
    [[file(1), file(3)], 'bad-gguf', /number 2 is missing. Choose all 3 files together/],
    [[file(1), file(2, 'other-00002-of-00003.gguf'), file(3)], 'invalid-request', /several models/],
    [[file(1), file(2, 'm-00002-of-00004.gguf'), file(3)], 'invalid-request', /several models/],
    [[new File([], 'a.gguf'), file(1)], 'invalid-request', /several models/],
    [[], 'invalid-request', /there are none/],
  ])('refuses %o', (files, code, message) => {
    const failure = { code, param: 'model', message: expect.stringMatching(message) };
    expect(() => filesSource(files, same)).toThrow(expect.objectContaining(failure));
  });

  it('lets each file be wrapped', () => {
    const wrapped: string[] = [];
    filesSource([file(2), file(1), file(3)], (source) => {
      wrapped.push(source.label);
      return source;
    });
    expect(wrapped).toEqual(splitNames({ stem: 'm', count: 3 }));
  });
});
