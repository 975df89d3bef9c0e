import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCompletionBody } from './completion-schema';
import { parseEvaluation } from './evaluation-schema';
import { parseChatBody } from './request-schema';

describe('whatever comes', () => {
  const names = [
    'messages',
    'prompt',
    'temperature',
    'logit_bias',
    'stop',
    'logprobs',
    'top_logprobs',
    'stream_options',
    'seed',
    'n',
    '__proto__',
  ];
  const body = fc.oneof(
    fc.anything({
      withBigInt: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      withDate: true,
    }),
    fc.dictionary(fc.constantFrom(...names), fc.anything()),
    fc.record({ messages: fc.array(fc.record({ role: fc.constant('user'), content: fc.anything() })) }),
  );

  it.each([
    ['parseChatBody', parseChatBody],
    ['parseCompletionBody', parseCompletionBody],
    ['parseEvaluation', (input: unknown) => parseEvaluation({ ids: input, positions: input })],
  ])('%s throws nothing but invalid-request', (_name, parse) => {
    fc.assert(
      fc.property(body, (input) => {
        try {
          parse(input);
        } catch (error) {
          expect(error).toMatchObject({ name: 'ForgelightError', code: 'invalid-request' });
          expect((error as Error).message.length).toBeLessThan(1000);
        }
      }),
      { seed: 31, numRuns: 3000 },
    );
  });
});
