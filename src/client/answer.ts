import { assert } from '../base/assert';
import type { EngineInfo } from '../protocol/engine-port';
import type { Outcome, RequestEvent, Usage } from '../protocol/events';
import type { AnswerDevice, CompletionUsage, FinishReason, TokenLogprobEntry } from './types';

/** What every piece of one answer repeats; the last two from the engine that goes on with it. */
export interface AnswerHead {
  /** `chatcmpl-7` or `cmpl-7`, after the request's number. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  systemFingerprint: string;
  device: AnswerDevice;
}

/** What of a head the engine is. */
export function engineOf({ systemFingerprint, device }: EngineInfo): Pick<AnswerHead, 'systemFingerprint' | 'device'> {
  return { systemFingerprint, device: { kind: device.kind, name: device.name } };
}

export type EndedEvent = Extract<RequestEvent, { readonly type: 'ended' }>;

/** A whole answer, ready to be put into the shape that the caller asked for. */
export interface CollectedAnswer {
  readonly text: string;
  /** `null`: not asked for. */
  readonly logprobs: readonly TokenLogprobEntry[] | null;
  readonly ended: EndedEvent;
}

/** OpenAI's word for an outcome that is an answer. */
export function finishReason(outcome: Outcome): FinishReason {
  const { kind } = outcome;
  assert(kind === 'stop' || kind === 'length' || kind === 'tool_calls', `an answer does not end with ${kind}`);
  return kind;
}

export function completionUsage(usage: Usage): CompletionUsage {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  };
}
