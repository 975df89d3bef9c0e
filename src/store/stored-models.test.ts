import { describe, expect, it } from 'vitest';
import { splitIdentity } from './split-identity';
import type { ModelEntry, PartialEntry } from './store-list';
import { storedModels } from './stored-models';

const AT = 'https://example.org';
const nameOf = (part: number): string => `m-0000${part}-of-00003.gguf`;

function part(number: number, about: Partial<ModelEntry> = {}): ModelEntry {
  const names = [`${AT}/${nameOf(number)}`];
  const times = { createdAt: 10 - number, lastUsedAt: number };
  const file = { fileName: nameOf(number), sha256: String(number).repeat(64), sizeBytes: 10 ** number };
  return { state: 'ok', ...file, names, ...times, reason: null, ...about };
}

const begun: PartialEntry = {
  ...{ state: 'partial', address: `${AT}/${nameOf(3)}`, fileName: nameOf(3) },
  ...{ receivedBytes: 7, sizeBytes: 1000, reason: null },
};
const other = part(9, { fileName: 'other.gguf', names: [`${AT}/other.gguf`] });
const parts = [part(1), part(2), part(3)];

describe('what a store has, a model each', () => {
  it('has a split model once, by the hash of all its parts, where its first part was', async () => {
    const sha256 = await splitIdentity(parts.map((each) => each.sha256));
    const models = await storedModels([part(3), other, part(1), part(2)]);
    expect(models).toEqual([
      {
        ...{ state: 'ok', sha256, fileName: nameOf(1), sizeBytes: 1110, reason: null },
        ...{ names: parts.flatMap(({ names }) => names), createdAt: 7, lastUsedAt: 3, files: parts },
      },
      { ...other, files: [other] },
    ]);
  });

  it('has a damaged one as damaged, with the names of the parts', async () => {
    const damaged = part(2, { state: 'corrupt', reason: 'Its bytes have another hash.' });
    expect(await storedModels([part(1), damaged, part(3)])).toMatchObject([
      { state: 'corrupt', sizeBytes: 1110, reason: `${nameOf(2)}: Its bytes have another hash.` },
    ]);
  });

  it('has one of which files are missing as unfinished, with what has begun; its size nobody knows', async () => {
    expect(await storedModels([part(1), begun, part(2)])).toEqual([
      {
        ...{ state: 'partial', address: `${AT}/${nameOf(1)}`, fileName: nameOf(1), receivedBytes: 117 },
        ...{ sizeBytes: null, reason: null, files: [part(1), part(2), begun] },
      },
    ]);
    expect(await storedModels([begun])).toEqual([{ ...begun, files: [begun] }]);
  });

  it('counts a file that another model has too for both, and lets neither take it along that is not whole', async () => {
    const shared = part(1, { names: [`${AT}/${nameOf(1)}`, `${AT}/b/${nameOf(1)}`] });
    const models = await storedModels([shared, part(2), part(3), part(8, { names: [`${AT}/b/${nameOf(2)}`] })]);
    expect(models.map(({ state, files }) => [state, files.map(({ fileName }) => fileName)])).toEqual([
      ['ok', [nameOf(1), nameOf(2), nameOf(3)]],
      ['partial', [nameOf(8)]],
    ]);
  });
});
