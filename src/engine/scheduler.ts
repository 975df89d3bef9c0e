import type { RequestId } from '../base/ids';

/** A request that holds a slot, as far as the scheduler needs to know it. "Submitted" counts steps in flight too. */
export interface ActiveView {
  readonly id: RequestId;
  readonly promptTokens: number;
  /** Prompt and answer, as far as the host knows them. */
  readonly knownTokens: number;
  /** Positions whose rows were submitted. */
  readonly submitted: number;
  /** Tokens that the answer may have; 0 when there is none (`evaluate`). */
  readonly maxOutputs: number;
  /** True when the device itself chooses the token, so that the next row needs no word from the host. */
  readonly runsAhead: boolean;
}

export interface ScheduleView {
  /** In the order of their admission. */
  readonly active: readonly ActiveView[];
  /** Rows of one prefill step. */
  readonly chunkTokens: number;
  /** Rows of one replay step. */
  readonly replayRows: number;
  readonly lastKind: StepPlan['kind'] | null;
  readonly stepsInFlight: number;
  /** Steps that may be in flight together. */
  readonly depth: number;
}

export type StepPlan =
  /** Prompt rows [from, to) of one request. */
  | { readonly kind: 'prefill'; readonly id: RequestId; readonly from: number; readonly to: number }
  /** Rows [from, to) of one request's known answer, to be in the KV cache again as decode rows had written them. */
  | { readonly kind: 'replay'; readonly id: RequestId; readonly from: number; readonly to: number }
  /** One row of each of these requests. */
  | { readonly kind: 'decode'; readonly ids: readonly RequestId[] };

/**
 * The next step, or `null` when nothing can run before another step has been committed. Pure.
 *
 * Decode steps alternate with those of prompts and replays while there is work for both, so that a long prompt holds up the
 * others' tokens by one chunk at a time. Prompts run one after the other, in the order of admission; every decode step
 * carries all requests that have a row to run.
 */
export function schedule(view: ScheduleView): StepPlan | null {
  if (view.stepsInFlight >= view.depth) return null;
  const decoding = view.active.filter(hasDecodeRow).map((request) => request.id);
  const behind = view.active.find((request) => request.submitted < knownPositions(request));
  const isDecodesTurn = view.lastKind === 'prefill' || view.lastKind === 'replay';
  if (decoding.length > 0 && (behind === undefined || isDecodesTurn)) return { kind: 'decode', ids: decoding };
  if (behind === undefined) return null;
  const { id, submitted: from, promptTokens } = behind;
  if (from < promptTokens) return { kind: 'prefill', id, from, to: Math.min(from + view.chunkTokens, promptTokens) };
  return { kind: 'replay', id, from, to: Math.min(from + view.replayRows, knownPositions(behind)) };
}

/** Positions that need no token that is still to be chosen, and no output but the prompt's last. */
function knownPositions(request: ActiveView): number {
  return Math.max(request.promptTokens, request.knownTokens - 1);
}

function hasDecodeRow(request: ActiveView): boolean {
  if (request.submitted < knownPositions(request)) return false;
  const outputsSubmitted = request.submitted - request.promptTokens + 1;
  if (outputsSubmitted >= request.maxOutputs) return false;
  return request.runsAhead || request.submitted < request.knownTokens;
}

export interface AdmissionView {
  /** Free blocks that the first waiting request takes to run all that is known of it. */
  readonly blocks: number;
  readonly activeCount: number;
  readonly maxActive: number;
  readonly freeBlocks: number;
}

/**
 * Whether the first waiting request gets a slot now. Pure. Strictly first come first served: a request that does not fit yet is
 * never overtaken. What runs keeps a free block each to grow into; alone, a request always fits.
 */
export function isAdmissible({ blocks, activeCount, maxActive, freeBlocks }: AdmissionView): boolean {
  if (activeCount >= maxActive) return false;
  return activeCount === 0 || blocks + activeCount <= freeBlocks;
}
