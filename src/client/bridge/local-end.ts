import type { RequestId } from '../../base/ids';
import type { Outcome, RequestEvent } from '../../protocol/events';

/** The end of a request that no engine tells. */
export function localEnd(id: number, outcome: Outcome, completionTokens = 0): Extract<RequestEvent, { type: 'ended' }> {
  return {
    ...{ type: 'ended', requestId: id as RequestId, outcome, text: '' },
    usage: { promptTokens: 0, completionTokens, cachedTokens: 0 },
    timings: {
      ...{ prompt_n: 0, prompt_ms: 0, prompt_per_second: 0 },
      ...{ predicted_n: 0, predicted_ms: 0, predicted_per_second: 0, cache_n: 0 },
    },
  };
}
