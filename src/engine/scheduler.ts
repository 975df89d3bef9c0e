import type { RequestId } from '../base/ids';

/** A request that holds a slot, as far as the scheduler needs to know it. "Submitted" counts steps in flight too. */
export interface ActiveView {
  readonly id: RequestId;
  readonly promptTokens: number;
  readonly promptSubmitted: number;
  /** Tokens of the answer that steps were submitted for. */
  readonly outputsSubmitted: number;
  /** Tokens of the answer that are known on the host. */
  readonly outputsCommitted: number;
  /** Tokens that the answer may have; 0 when there is none (`evaluate`). */
  readonly maxOutputs: number;
  /** True when the device itself chooses the token, so that the next row needs no word from the host. */
  readonly runsAhead: boolean;
}

/** A request that waits for a slot. */
export interface QueuedView {
  readonly id: RequestId;
  /** The most blocks it may come to hold. */
  readonly blockBudget: number;
}

export interface ScheduleView {
  /** In the order of their admission. */
  readonly active: readonly ActiveView[];
  /** Rows of one prefill step. */
  readonly chunkTokens: number;
  /** The kind of the step submitted last. */
  readonly lastKind: 'prefill' | 'decode' | null;
  readonly stepsInFlight: number;
  /** Steps that may be in flight together. */
  readonly depth: number;
}

export type StepPlan =
  /** Prompt rows [from, to) of one request. */
  | { readonly kind: 'prefill'; readonly id: RequestId; readonly from: number; readonly to: number }
  /** One row of each of these requests. */
  | { readonly kind: 'decode'; readonly ids: readonly RequestId[] };

/**
 * The next step, or `null` when nothing can run before another step has been committed. Pure.
 *
 * Decode and prefill steps alternate while there is work for both, so that a long prompt holds up the others' tokens by
 * one chunk at a time. Prompts run one after the other, in the order of admission; every decode step carries all
 * requests that have a row to run.
 */
export function schedule(view: ScheduleView): StepPlan | null {
  if (view.stepsInFlight >= view.depth) return null;
  const decoding = view.active.filter(hasDecodeRow).map((request) => request.id);
  const prompt = view.active.find((request) => request.promptSubmitted < request.promptTokens);
  if (decoding.length > 0 && (prompt === undefined || view.lastKind === 'prefill'))
    return { kind: 'decode', ids: decoding };
  if (prompt === undefined) return null;
  const from = prompt.promptSubmitted;
  return { kind: 'prefill', id: prompt.id, from, to: Math.min(from + view.chunkTokens, prompt.promptTokens) };
}

function hasDecodeRow(request: ActiveView): boolean {
  if (request.promptSubmitted < request.promptTokens) return false;
  if (request.outputsSubmitted >= request.maxOutputs) return false;
  return request.runsAhead || request.outputsSubmitted === request.outputsCommitted;
}

export interface AdmissionView {
  /** First come first. */
  readonly queue: readonly QueuedView[];
  readonly activeCount: number;
  readonly maxActive: number;
  /** Blocks of the pool that no active request's budget counts on. */
  readonly unpromisedBlocks: number;
}

/**
 * Which waiting requests get a slot now. Pure. Strictly first come first served: a request that does not fit yet is
 * never overtaken. Budgets are promised whole, so that an admitted request can always grow and none waits for another's
 * blocks: no deadlock.
 */
export function admissible(view: AdmissionView): readonly RequestId[] {
  const admitted: RequestId[] = [];
  let blocks = view.unpromisedBlocks;
  for (const request of view.queue) {
    if (view.activeCount + admitted.length >= view.maxActive || request.blockBudget > blocks) break;
    blocks -= request.blockBudget;
    admitted.push(request.id);
  }
  return admitted;
}
