import fc from 'fast-check';
import type { ToySampling } from './toy-task';

/** What a listener does when it hears of its `at`-th event (from 0). */
export interface Reaction {
  readonly kind: 'throw' | 'cancel-self' | 'cancel-other' | 'submit-again';
  readonly at: number;
}

export interface SubmitAction {
  readonly type: 'submit';
  /** Few ids, so that they are used again while steps of their former owners are in flight. */
  readonly id: number;
  readonly kind: ToySampling | 'evaluate' | 'embed';
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  /** Tokens of the answer that another engine has emitted already, as far as it has so many. */
  readonly emitted: number;
  readonly stop: readonly string[];
  /** The prompt is the next turn after the answer before, as far as that was told. */
  readonly isFollowUp: boolean;
  readonly reaction: Reaction | null;
}

export type Action =
  | SubmitAction
  | { readonly type: 'cancel'; readonly id: number }
  /** The result of a step in flight arrives: of the oldest (0) or of the one after it. */
  | { readonly type: 'deliver'; readonly index: 0 | 1 }
  | { readonly type: 'fail'; readonly error: 'out-of-memory' | 'device-lost' | 'unknown' }
  /** The next step is not run for lack of memory. */
  | { readonly type: 'refuse' }
  | { readonly type: 'poison' }
  | { readonly type: 'advance'; readonly byMs: number }
  /** A device is reported lost: the one that runs, or late the one before it. */
  | { readonly type: 'lost'; readonly which: 'current' | 'previous' }
  /** What becomes of the search for another device. */
  | { readonly type: 'recovery'; readonly ends: 'restored' | 'smaller' | 'blocked' | 'failed' }
  | { readonly type: 'close' };

export interface Scenario {
  readonly depth: 1 | 2;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly chunkTokens: number;
  readonly blockTokens: number;
  readonly totalBlocks: number;
  readonly contextLength: number;
  /** 0: no layers with a window. */
  readonly windowTokens: number;
  /** Each action, and how many microtasks pass after it. */
  readonly actions: readonly { readonly action: Action; readonly ticks: number }[];
}

const COMMON = [5, 9, 12, 7, 30, 3, 3, 8, 21, 14, 6, 11];

const id = fc.integer({ min: 1, max: 10 });

const reaction: fc.Arbitrary<Reaction | null> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('throw', 'cancel-self', 'cancel-other', 'submit-again'),
      at: fc.integer({ min: 0, max: 6 }),
    }),
  },
);

const submit: fc.Arbitrary<SubmitAction> = fc.record({
  type: fc.constant('submit'),
  id,
  kind: fc.constantFrom('argmax', 'sample', 'penalisedSample', 'logits', 'evaluate', 'embed'),
  prompt: fc.oneof(
    fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 }),
    // Beginnings that others have too.
    fc.integer({ min: 1, max: 12 }).map((length) => COMMON.slice(0, length)),
    fc
      .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 30 }))
      .map(([n, last]) => [...COMMON.slice(0, n), last]),
  ),
  maxTokens: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 9, max: 20 })),
  emitted: fc.constantFrom(0, 0, 0, 1, 3, 8),
  stop: fc.constantFrom<string[]>([], [], ['é'], ['t', 'ab'], ['m']),
  isFollowUp: fc.constantFrom(false, false, true),
  reaction,
});

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 80, arbitrary: submit },
  { weight: 180, arbitrary: fc.record({ type: fc.constant('deliver'), index: fc.constantFrom(0, 0, 0, 1) }) },
  { weight: 30, arbitrary: fc.record({ type: fc.constant('cancel'), id }) },
  { weight: 35, arbitrary: fc.record({ type: fc.constant('advance'), byMs: fc.integer({ min: 1, max: 250 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fail'), error: fc.constant('out-of-memory') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fail'), error: fc.constantFrom('device-lost', 'unknown') }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('refuse') }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('poison') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('lost'),
      which: fc.constantFrom('current', 'current', 'current', 'previous'),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('recovery'),
      ends: fc.constantFrom('restored', 'restored', 'restored', 'smaller', 'blocked', 'failed'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close') }) },
);

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  depth: fc.constantFrom(1, 2),
  maxConcurrent: fc.constantFrom(1, 2, 3, 4),
  maxQueued: fc.integer({ min: 0, max: 6 }),
  chunkTokens: fc.integer({ min: 1, max: 5 }),
  blockTokens: fc.integer({ min: 1, max: 4 }),
  totalBlocks: fc.oneof(fc.integer({ min: 6, max: 9 }), fc.integer({ min: 6, max: 20 })),
  contextLength: fc.integer({ min: 8, max: 32 }),
  windowTokens: fc.constantFrom(0, 0, 1, 2, 3, 6, 40),
  actions: fc.array(fc.record({ action, ticks: fc.constantFrom(0, 1, 2, 3, 5, 20, 20, 20) }), {
    minLength: 5,
    maxLength: 50,
    size: 'max',
  }),
});
