import { describe, expect, it } from 'vitest';
import { splitIdentity } from '../../src/store/split-identity';
import type { ModelEntry } from '../../src/store/store-list';
import { findByHash, findModel, findUnnamed, namedModels } from './model-names';

function entry(fileName: string, digit: string, given: Partial<ModelEntry> = {}): ModelEntry {
  const names = [`https://models.test/${digit}/${fileName}`];
  const times = { createdAt: 0, lastUsedAt: 0 };
  return { state: 'ok', sha256: digit.repeat(64), fileName, sizeBytes: 1, names, ...times, reason: null, ...given };
}

const nameOf = (part: number, count: number): string => `big-0000${part}-of-0000${count}.gguf`;
/** Parts lie beside each other. */
const part = (number: number, count: number, digit: string): ModelEntry =>
  entry(nameOf(number, count), digit, { names: [`https://models.test/big/${nameOf(number, count)}`], sizeBytes: 2 });

const entries = [
  entry('a.gguf', 'a'),
  entry('same.gguf', 'b'),
  entry('same.gguf', 'c', { lastUsedAt: 5 }),
  part(2, 2, 'e'),
  part(1, 2, 'd'),
  part(3, 3, '3'),
  part(1, 3, '1'),
  entry('bad.gguf', 'f', { state: 'corrupt' }),
  entry('lone-00001-of-00002.gguf', '9', { names: [] }),
];
const models = await namedModels(entries);
const [inOrder, swapped] = await Promise.all(
  [
    ['d', 'e'],
    ['e', 'd'],
  ].map((digits) => splitIdentity(digits.map((digit) => digit.repeat(64)))),
);

describe('names of stored models', () => {
  it('hold no address where files are missing: pages hear them', async () => {
    const places = ['file:///home/me', 'https://models.test/a', 'https://models.test/b'];
    const lone = (place: string, i: number): ModelEntry =>
      entry(nameOf(1, 2), `${i}`, { names: [`${place}/${nameOf(1, 2)}?sig=${i}`], lastUsedAt: -i });
    const found = await namedModels(places.map(lone));
    const id = nameOf(1, 2);
    expect(found.map((model) => model.id)).toEqual(
      ['(incomplete)', '(incomplete 2)', '(incomplete 3)'].map((which) => `${id} ${which}`),
    );
    expect(found[0]?.reference).toBe(`file:///home/me/${id}?sig=0`);
    expect(() => findModel(found, `${id} (incomplete)`)).toThrow(/forgelight pull file:\/\/\/home\/me/);
  });

  it('that a page has not said itself are not told to it where they cannot be used', () => {
    expect(findUnnamed(models, 'a.gguf').id).toBe('a.gguf');
    for (const name of [nameOf(1, 3), 'https://models.test/secret?sig=1']) {
      expect(() => findUnnamed(models, name)).toThrow(
        expect.objectContaining({
          ...{ code: 'invalid-request', param: 'model' },
          message: expect.not.stringMatching(/:\/\/|secret/),
        }) as Error,
      );
    }
  });

  it('are file names where one model has them, and hashes else; a split model is one, by the hash of its parts', () => {
    expect(models.map(({ id, reference }) => [id, reference])).toEqual([
      [`sha256:${'c'.repeat(64)}`, `sha256:${'c'.repeat(64)}`],
      ['a.gguf', `sha256:${'a'.repeat(64)}`],
      [`sha256:${'b'.repeat(64)}`, `sha256:${'b'.repeat(64)}`],
      [nameOf(1, 2), `sha256:${inOrder}`],
      [nameOf(1, 3), 'https://models.test/big/' + nameOf(1, 3)],
    ]);
    expect(models.map(({ sizeBytes }) => sizeBytes)).toEqual([1, 1, 1, 4, 4]);
  });

  it.each([nameOf(1, 2), `https://models.test/big/${nameOf(2, 2)}`, inOrder ?? '', inOrder?.slice(0, 8) ?? ''])(
    'mean a split model: %s',
    (name) => expect(findModel(models, name)).toMatchObject({ sha256: inOrder }),
  );

  it('say which file of a split model is missing, and how to get it', () => {
    for (const name of [nameOf(1, 3), `https://models.test/big/${nameOf(3, 3)}`]) {
      expect(() => findModel(models, name)).toThrow(
        expect.objectContaining({
          ...{ code: 'invalid-request', param: 'model' },
          message: expect.stringMatching(
            /is not whole.*: big-00002-of-00003\.gguf is missing.*pull https:.*big-00001-of-00003/,
          ),
        }) as Error,
      );
    }
  });

  it.each(['a.gguf', 'a'.repeat(64), 'AAAAAA', `sha256:${'a'.repeat(9)}`, 'https://models.test/a/a.gguf'])(
    'mean one model: %s',
    (name) => expect(findModel(models, name).id).toBe('a.gguf'),
  );

  it.each(['same.gguf', 'bad.gguf', 'aaaaa', 'nothing', `sha256:${'f'.repeat(64)}`, '../a.gguf'])(
    'mean none: %s',
    (name) =>
      expect(() => findModel(models, name)).toThrow(
        expect.objectContaining({ code: 'invalid-request', param: 'model' }) as Error,
      ),
  );

  it('of pages are whole hashes', () => {
    expect(findByHash(models, `sha256:${'a'.repeat(64)}`)?.id).toBe('a.gguf');
    for (const name of ['a.gguf', 'a'.repeat(64), 'sha256:aaaaaa', 'https://models.test/a/a.gguf']) {
      expect(findByHash(models, name)).toBeNull();
    }
  });

  it('of pages are those of all parts in their order, and never of one part', () => {
    expect(findByHash(models, `sha256:${inOrder?.toUpperCase()}`)?.id).toBe(nameOf(1, 2));
    const parts = ['d', 'e', '1', '3', '9'].map((digit) => digit.repeat(64));
    for (const hash of [swapped, ...parts]) expect(findByHash(models, `sha256:${hash}`)).toBeNull();
    for (const name of [nameOf(1, 2), inOrder, `https://models.test/big/${nameOf(1, 2)}`, `sha256:${inOrder}/../x`]) {
      expect(findByHash(models, name ?? '')).toBeNull();
    }
  });
});
