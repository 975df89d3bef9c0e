import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { systemClock } from '../base/system-clock';
import type { ChosenVariants } from '../models/choose-variants';
import { createVariantCache } from './variant-cache';

const DATABASE = 'forgelight-variants';
const LANES: ChosenVariants = { matvec: 'lanes', rounded: null, batch: [1, 2], chunks: [64, 256], notes: ['a note'] };
const ROWS: ChosenVariants = { ...LANES, matvec: 'rows' };
let reports: unknown[] = [];
const report = (error: unknown): void => void reports.push(error);

function done(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the request failed'));
  });
}

beforeEach(async () => {
  reports = [];
  await done(indexedDB.deleteDatabase(DATABASE));
});
afterEach(() => vi.restoreAllMocks());

describe('the variant cache', () => {
  it('gives back what it was given, in a later visit too', async () => {
    const cache = createVariantCache({ clock: systemClock, report });
    expect(await cache.get('adapter|Q4_1')).toBeNull();
    await cache.set('adapter|Q4_1', LANES);
    expect(await cache.get('adapter|Q4_1')).toEqual(LANES);
    const later = createVariantCache({ clock: systemClock, report });
    expect(await later.get('adapter|Q4_1')).toEqual(LANES);
    expect(await later.get('adapter|Q8_0')).toBeNull();
    await later.set('adapter|Q4_1', ROWS);
    expect(await cache.get('adapter|Q4_1')).toEqual(ROWS);
    expect(reports).toEqual([]);
  });

  it('lets go of its database when another tab wants to delete it', async () => {
    const cache = createVariantCache({ clock: systemClock, report });
    await cache.set('adapter', LANES);
    await done(indexedDB.deleteDatabase(DATABASE));
    expect(await createVariantCache({ clock: systemClock, report }).get('adapter')).toBeNull();
    expect(reports).toEqual([]);
  });
});

describe('storage that fails', () => {
  it('is reported, and is no reason to fail', async () => {
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('The user denied permission.', 'SecurityError');
    });
    const cache = createVariantCache({ clock: systemClock, report });
    expect(await cache.get('adapter')).toBeNull();
    await cache.set('adapter', LANES);
    expect(reports).toEqual([0, 1].map(() => expect.objectContaining({ name: 'SecurityError' })));
  });

  it('is reported when its database is not ours', async () => {
    const stranger = await done(indexedDB.open(DATABASE, 7));
    stranger.close();
    const cache = createVariantCache({ clock: systemClock, report });
    expect(await cache.get('adapter')).toBeNull();
    await cache.set('adapter', LANES);
    expect(reports).toHaveLength(2);
  });

  it('does not hold up a load for ever: a database that someone blocks', async () => {
    // A connection that does not let go: the deletion waits for it, and whoever opens waits for the deletion.
    const stubborn = await done(indexedDB.open(DATABASE, 1));
    const deletion = done(indexedDB.deleteDatabase(DATABASE));
    const clock = new FakeClock();
    const cache = createVariantCache({ clock, report });
    const [found, kept] = [cache.get('adapter'), cache.set('adapter', LANES)];
    clock.advance(5_000);
    expect(await found).toBeNull();
    await kept;
    expect(reports).toEqual(
      [0, 1].map(() => expect.objectContaining({ message: expect.stringContaining('did not answer') })),
    );
    stubborn.close();
    await deletion;
  });
});
