import fc from 'fast-check';

export const CHUNK_BYTES = 10;
export const GRAIN_BYTES = 24;

/** One tab that opens the store, loads one model, and is gone. */
export interface ScriptedVisit {
  readonly name: 0 | 1;
  /** What the world does to the store before. */
  readonly damage: 'none' | 'blob' | 'part' | 'torn model' | 'torn part';
  readonly server: 'same' | 'changed' | 'no ranges' | 'failing' | 'wrong range' | 'weak' | 'promising';
  /** Where its answers break off. */
  readonly cuts: readonly number[];
  readonly crash: { readonly at: number; readonly when: 'before' | 'after'; readonly kind: 'tab' | 'machine' } | null;
  readonly fail: { readonly from: number; readonly count: number } | null;
  readonly readBytes: number;
  readonly quotaBytes: number | null;
  readonly abortAfterBytes: number | null;
  /** Deletes all models after the load. */
  readonly deletes: boolean;
}

export interface StoreScenario {
  readonly sizeBytes: number;
  readonly seed: number;
  readonly visits: readonly ScriptedVisit[];
}

/** `null` in `weight` of `weight + 1` cases: several faults at once hide each other. */
function rarely<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

function mostly<T extends string>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 3 * others.length, arbitrary: fc.constant(usual) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  );
}

const visit: fc.Arbitrary<ScriptedVisit> = fc.record({
  name: fc.constantFrom(0, 0, 0, 1),
  damage: mostly<ScriptedVisit['damage']>('none', 'blob', 'part', 'torn model', 'torn part'),
  server: mostly<ScriptedVisit['server']>(
    'same',
    'changed',
    'no ranges',
    'failing',
    'wrong range',
    'weak',
    'promising',
  ),
  cuts: fc.array(fc.nat(220), { maxLength: 3 }),
  crash: rarely(
    1,
    fc.record({
      at: fc.integer({ min: 1, max: 70 }),
      when: fc.constantFrom('before', 'after'),
      kind: fc.constantFrom('tab', 'machine'),
    }),
  ),
  fail: rarely(3, fc.record({ from: fc.integer({ min: 1, max: 60 }), count: fc.constantFrom(1, 2, 1000) })),
  readBytes: fc.constantFrom(1_000, 30, 7),
  quotaBytes: rarely(3, fc.nat(400)),
  abortAfterBytes: rarely(3, fc.nat(200)),
  deletes: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

export const storeScenario: fc.Arbitrary<StoreScenario> = fc.record({
  sizeBytes: fc.integer({ min: 1, max: 220 }),
  seed: fc.nat(250),
  visits: fc.array(visit, { minLength: 1, maxLength: 6 }),
});
