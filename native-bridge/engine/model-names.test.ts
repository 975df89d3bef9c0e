import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../../src/store/store-list';
import { findByHash, findModel, namedModels } from './model-names';

function entry(fileName: string, digit: string, given: Partial<ModelEntry> = {}): ModelEntry {
  const names = [`https://models.test/${digit}/${fileName}`];
  const times = { createdAt: 0, lastUsedAt: 0 };
  return { state: 'ok', sha256: digit.repeat(64), fileName, sizeBytes: 1, names, ...times, reason: null, ...given };
}

const models = namedModels([
  entry('a.gguf', 'a'),
  entry('same.gguf', 'b'),
  entry('same.gguf', 'c', { lastUsedAt: 5 }),
  entry('big-00001-of-00002.gguf', 'd'),
  entry('big-00002-of-00002.gguf', 'e'),
  entry('bad.gguf', 'f', { state: 'corrupt' }),
]);

describe('names of stored models', () => {
  it('are file names where one model has them, and hashes else; a split model is one', () => {
    expect(models.map(({ id, reference }) => [id, reference])).toEqual([
      [`sha256:${'c'.repeat(64)}`, `sha256:${'c'.repeat(64)}`],
      ['a.gguf', `sha256:${'a'.repeat(64)}`],
      [`sha256:${'b'.repeat(64)}`, `sha256:${'b'.repeat(64)}`],
      ['big-00001-of-00002.gguf', 'https://models.test/d/big-00001-of-00002.gguf'],
    ]);
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
});
