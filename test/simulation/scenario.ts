import fc from 'fast-check';

/** What a listener does when it hears of its `at`-th event (from 0). */
export interface Reaction {
  readonly kind: 'throw' | 'cancel-self' | 'cancel-other' | 'submit-again';
  readonly at: number;
}

export interface SubmitAction {
  readonly type: 'submit';
  /** Few ids, so that they are used again while steps of their former owners are in flight. */
  readonly id: number;
  readonly kind: 'argmax' | 'topk' | 'logits' | 'evaluate' | 'embed';
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly reaction: Reaction | null;
}

export type Action =
  | SubmitAction
  | { readonly type: 'cancel'; readonly id: number }
  /** The result of a step in flight arrives: of the oldest (0) or of the one after it. */
  | { readonly type: 'deliver'; readonly index: 0 | 1 }
  | { readonly type: 'fail'; readonly error: 'out-of-memory' | 'device-lost' | 'unknown' }
  | { readonly type: 'poison' }
  | { readonly type: 'advance'; readonly byMs: number }
  | { readonly type: 'lost' }
  | { readonly type: 'close' };

export interface Scenario {
  readonly depth: 1 | 2;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly chunkTokens: number;
  readonly blockTokens: number;
  readonly totalBlocks: number;
  readonly contextLength: number;
  /** Each action, and how many microtasks pass after it. */
  readonly actions: readonly { readonly action: Action; readonly ticks: number }[];
}

const id = fc.integer({ min: 1, max: 8 });

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
  kind: fc.constantFrom('argmax', 'argmax', 'topk', 'logits', 'evaluate', 'embed'),
  prompt: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 10 }),
  maxTokens: fc.integer({ min: 1, max: 9 }),
  stop: fc.constantFrom<string[]>([], [], ['é'], ['t', 'ab'], ['m']),
  reaction,
});

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 60, arbitrary: submit },
  { weight: 180, arbitrary: fc.record({ type: fc.constant('deliver'), index: fc.constantFrom(0, 0, 0, 1) }) },
  { weight: 40, arbitrary: fc.record({ type: fc.constant('cancel'), id }) },
  { weight: 40, arbitrary: fc.record({ type: fc.constant('advance'), byMs: fc.integer({ min: 1, max: 200 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fail'), error: fc.constant('out-of-memory') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fail'), error: fc.constantFrom('device-lost', 'unknown') }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('poison') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('lost', 'close') }) },
);

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  depth: fc.constantFrom(1, 2),
  maxConcurrent: fc.constantFrom(1, 1, 2, 4),
  maxQueued: fc.integer({ min: 0, max: 4 }),
  chunkTokens: fc.integer({ min: 1, max: 5 }),
  blockTokens: fc.integer({ min: 1, max: 4 }),
  totalBlocks: fc.integer({ min: 6, max: 20 }),
  contextLength: fc.integer({ min: 8, max: 24 }),
  actions: fc.array(fc.record({ action, ticks: fc.constantFrom(0, 1, 2, 3, 5, 20, 20, 20) }), {
    minLength: 5,
    maxLength: 50,
    size: 'max',
  }),
});
