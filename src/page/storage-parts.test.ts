import { describe, expect, it } from 'vitest';
import { keptModel, unfinished } from '../../test/support/fake-model-store';
import { colourOf, COLOURS, shownBytes, storageParts } from './storage-parts';

const model = (id: number, sizeBytes: number) => keptModel({ sha256: String(id), sizeBytes });
const room = (usageBytes: number | null, quotaBytes: number | null) => ({ usageBytes, quotaBytes, isPersistent: null });
const told = (...args: Parameters<typeof storageParts>) =>
  storageParts(...args).map(({ kind, sizeBytes }) => [kind, sizeBytes]);

describe('what takes the room', () => {
  it('is every model, largest first, what is unfinished, the rest of the page, and what is free', () => {
    const entries = [model(1, 100), unfinished({ receivedBytes: 40 }), model(2, 300)];
    expect(told(entries, room(500, 2000))).toEqual([
      ['model', 300],
      ['model', 100],
      ['partial', 40],
      ['other', 60],
      ['free', 1500],
    ]);
  });

  it('is only what is known, and never less than nothing', () => {
    expect(told([model(1, 100)], room(null, null))).toEqual([['model', 100]]);
    expect(told([model(1, 100)], room(90, 95))).toEqual([['model', 100]]);
    expect(told([], room(0, 10))).toEqual([['free', 10]]);
  });

  it('adds up to the quota, with many models too, which then share the last colour', () => {
    const entries = Array.from({ length: COLOURS + 3 }, (_, index) => model(index, 10 + index));
    const parts = storageParts(entries, room(500, 1000));
    expect(parts.reduce((total, { sizeBytes }) => total + sizeBytes, 0)).toBe(1000);
    expect(parts.filter(({ kind }) => kind === 'models')).toMatchObject([{ count: 4 }]);
    expect(entries.map((entry) => colourOf(parts, entry))).toEqual([4, 4, 4, 4, 3, 2, 1, 0]);
    expect(colourOf(parts, unfinished())).toBeNull();
  });

  it('gives each of a few models a colour of its own', () => {
    const entries = Array.from({ length: COLOURS }, (_, index) => model(index, 10 + index));
    const colours = entries.map((entry) => colourOf(storageParts(entries, room(null, null)), entry));
    expect(new Set(colours).size).toBe(COLOURS);
  });
});

describe('the bar', () => {
  const shares = (...args: Parameters<typeof storageParts>): readonly number[] => {
    const parts = storageParts(...args);
    return parts.map((part) => shownBytes(part, parts));
  };

  it('shows models beside as much of what is free as they take', () => {
    expect(shares([model(1, 300), model(2, 100)], room(400, 100_000))).toEqual([300, 100, 400]);
    expect(shares([model(1, 300)], room(300, 350))).toEqual([300, 50]);
  });

  it('is nearly empty where nothing but the page takes room', () => {
    expect(shares([], room(2, 10_000))).toEqual([2, 9998]);
    expect(shares([], room(0, 10))).toEqual([10]);
  });
});
