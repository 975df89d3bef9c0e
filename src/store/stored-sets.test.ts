import { describe, expect, it } from 'vitest';
import { splitIdentity } from './split-identity';
import type { ModelEntry, StoreEntry } from './store-list';
import { allSets, leaving, storedSets } from './stored-sets';

const HUB = 'https://huggingface.co/o/r/resolve/main/Q8%200';
const nameOf = (part: number, count: number): string => `m-0000${part}-of-0000${count}.gguf`;
const hashOf = (digit: string): string => digit.repeat(64);

function entry(fileName: string, digit: string, given: Partial<ModelEntry> = {}): ModelEntry {
  const names = [`${HUB}/${fileName}`];
  const times = { createdAt: 0, lastUsedAt: 0 };
  return { state: 'ok', sha256: hashOf(digit), fileName, sizeBytes: 1, names, ...times, reason: null, ...given };
}

const [one, two, three] = [1, 2, 3].map((part) => entry(nameOf(part, 3), String(part)));
const found = async (...entries: readonly (StoreEntry | undefined)[]): Promise<unknown[]> =>
  (await storedSets(entries.filter((each) => each !== undefined))).map(({ sha256, missing }) => [sha256, missing]);

describe('storedSets', () => {
  it('puts parts that lie beside each other together, in whatever order they are listed', async () => {
    const identity = await splitIdentity(['1', '2', '3'].map(hashOf));
    const [set, ...others] = await storedSets(
      [three, entry('other.gguf', '9'), one, two].filter((e) => e !== undefined),
    );
    expect(others).toEqual([]);
    expect(set).toMatchObject({ sha256: identity, fileName: nameOf(1, 3), missing: [] });
    expect(set?.parts).toEqual([one, two, three]);
    expect(set?.addresses).toEqual([1, 2, 3].map((part) => `${HUB}/${nameOf(part, 3)}`));
  });

  it('says which parts are missing, the first and damaged ones among them; such a set has no hash', async () => {
    expect(await found(one, three)).toEqual([[null, [nameOf(2, 3)]]]);
    expect(await found(two)).toEqual([[null, [nameOf(1, 3), nameOf(3, 3)]]]);
    const damaged = entry(nameOf(2, 3), '2', { state: 'corrupt', reason: 'bits' });
    const unfinished: StoreEntry = {
      ...{ state: 'partial', address: `${HUB}/${nameOf(3, 3)}`, fileName: nameOf(3, 3) },
      ...{ receivedBytes: 1, sizeBytes: 2, reason: null },
    };
    expect(await found(one, damaged, unfinished)).toEqual([[null, [nameOf(2, 3), nameOf(3, 3)]]]);
  });

  it('never mixes parts of two places, whatever they are called', async () => {
    const elsewhere = (part: number, digit: string): ModelEntry =>
      entry(nameOf(part, 2), digit, { names: [`file:///models/${nameOf(part, 2)}`] });
    const here = [entry(nameOf(1, 2), 'a'), entry(nameOf(2, 2), 'b')];
    const sets = await found(...here, elsewhere(1, 'c'), elsewhere(2, 'd'));
    expect(sets).toEqual([
      [await splitIdentity(['a', 'b'].map(hashOf)), []],
      [await splitIdentity(['c', 'd'].map(hashOf)), []],
    ]);
    expect(await found(here[0], elsewhere(2, 'd'))).toEqual([
      [null, [nameOf(2, 2)]],
      [null, [nameOf(1, 2)]],
    ]);
  });

  it('has a set once that came from two places, and one part in two sets', async () => {
    const both = (part: number, digit: string): ModelEntry => {
      const names = [`${HUB}/${nameOf(part, 2)}`, `https://mirror/${nameOf(part, 2)}?x=1`];
      return entry(nameOf(part, 2), digit, { names });
    };
    const [set, ...others] = await storedSets([both(1, 'a'), both(2, 'b')]);
    expect([set?.sha256, others]).toEqual([await splitIdentity(['a', 'b'].map(hashOf)), []]);
    expect(set?.addresses).toHaveLength(4);
    expect(await found(both(1, 'a'), entry(nameOf(2, 2), 'b'))).toEqual([[set?.sha256, []]]);
    const other = entry(nameOf(2, 2), 'c', { names: [`https://mirror/${nameOf(2, 2)}?x=1`] });
    expect(await found(both(1, 'a'), entry(nameOf(2, 2), 'b'), other)).toEqual([
      [await splitIdentity(['a', 'b'].map(hashOf)), []],
      [await splitIdentity(['a', 'c'].map(hashOf)), []],
    ]);
  });

  it('are not made of what has lost its address, or has one that is none', async () => {
    expect(await found(entry(nameOf(1, 2), 'a', { names: [] }), entry(nameOf(2, 2), 'b', { names: ['?'] }))).toEqual(
      [],
    );
  });
});

describe('leaving', () => {
  const at = (stem: string, ...parts: readonly number[]): string[] =>
    parts.map((part) => `https://kin/${nameOf(part, 2).replace('m', stem)}`);
  const both = entry(nameOf(1, 2), 'a', { names: [...at('m', 1), ...at('k', 1)] });
  const [own, kin] = [entry(nameOf(2, 2), 'b', { names: at('m', 2) }), entry('k', 'c', { names: at('k', 2) })];
  const goes = async (entries: readonly ModelEntry[], ...stems: readonly string[]) => {
    const sets = await allSets(entries);
    const going = sets.filter(({ addresses }) => stems.some((stem) => addresses.includes(at(stem, 1)[0] ?? '')));
    const { own: alone, shared } = leaving(going, sets);
    return [alone, shared.map(({ part, with: others }) => [part, others.map(({ fileName }) => fileName)])];
  };

  it('keeps what another set has too, whole or not, and nothing of sets that go together', async () => {
    expect(await goes([both, own, kin], 'm')).toEqual([[own], [[both, [nameOf(1, 2).replace('m', 'k')]]]]);
    expect(await goes([both, own, kin], 'm', 'k')).toEqual([[both, own, kin], []]);
    const third = entry('t', 'd', { names: at('t', 2) });
    const begun = { ...both, names: [...at('m', 1), ...at('t', 1)] };
    expect(await goes([begun, own, third], 'm')).toEqual([[own], [[begun, [nameOf(1, 2).replace('m', 't')]]]]);
  });

  it('keeps what is a model by itself, and is not held back by another address of the same part', async () => {
    const alone = { ...both, names: [...at('m', 1), 'https://kin/alone.gguf'] };
    expect(await goes([alone, own], 'm')).toEqual([[own], [[alone, []]]]);
    expect(await goes([both, own], 'm')).toEqual([[both, own], []]);
  });
});
