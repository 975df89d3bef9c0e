import { ForgelightError } from '../base/errors';
import type { RequestId } from '../base/ids';
import type { GenerateTask, Task } from '../protocol/commands';
import type { RunnerLimits } from './runner';

/** Tokens that one request can hold here: the context, or the whole KV pool where that is less. */
export function capacityTokens(limits: RunnerLimits): number {
  return Math.min(limits.contextLength, limits.totalBlocks * limits.blockTokens);
}

/** Tokens that the answer may have at most: `maxTokens`, or what the context leaves. */
export function maxOutputs(task: GenerateTask, limits: RunnerLimits): number {
  return Math.min(task.maxTokens, capacityTokens(limits) - task.promptIds.length);
}

/**
 * How much of its prompt a request may find in the KV cache: at least one row has to run, and each whose logits are wanted. An
 * embedding takes all: an encoder's rows see what follows them too, so no beginning is like another's.
 */
export function reusableTokens(task: Task): number {
  if (task.kind === 'embed') return 0;
  const last = task.promptIds.length - 1;
  return task.kind === 'generate' ? last : Math.min(last, ...task.positions);
}

/** Why a task cannot be accepted by this engine at all, or `null`. */
export function refusal(id: RequestId, task: Task, limits: RunnerLimits): ForgelightError | null {
  return promptRefusal(id, task, limits) ?? optionsRefusal(id, task);
}

function promptRefusal(id: RequestId, task: Task, limits: RunnerLimits): ForgelightError | null {
  const { promptIds } = task;
  if (promptIds.length === 0) {
    return invalid(id, 'prompt', 'The prompt has no tokens; give at least one.');
  }
  const known = task.kind === 'generate' ? [...promptIds, ...task.emittedIds] : promptIds;
  const stranger = known.find((token) => !Number.isInteger(token) || token < 0 || token >= limits.vocabularySize);
  if (stranger !== undefined) {
    return invalid(id, 'prompt', `The prompt holds token ${stranger}; ids go from 0 to ${limits.vocabularySize - 1}.`);
  }
  const capacity = capacityTokens(limits);
  const wanted = promptIds.length + (task.kind === 'generate' ? 1 : 0);
  if (wanted <= capacity) return null;
  const answer = task.kind === 'generate' ? ' and needs room for at least one more' : '';
  return new ForgelightError(
    'context-overflow',
    `The prompt has ${promptIds.length} tokens${answer}, but this engine holds ${capacity} tokens a request. ` +
      'Shorten the prompt, or load the model with a larger contextLength or kvCacheTokens.',
    { param: 'prompt', requestId: id },
  );
}

function optionsRefusal(id: RequestId, task: Task): ForgelightError | null {
  if (task.kind === 'generate') {
    if (Number.isInteger(task.maxTokens) && task.maxTokens >= 1) return null;
    return invalid(id, 'max_tokens', `max_tokens is ${task.maxTokens}; give an integer of at least 1.`);
  }
  if (task.kind === 'embed') return null;
  const length = task.promptIds.length;
  const sound = task.positions.every(
    (position, index) =>
      Number.isInteger(position) && position >= 0 && position < length && position > (task.positions[index - 1] ?? -1),
  );
  if (sound) return null;
  return invalid(id, 'positions', `Positions must ascend without repetition and lie between 0 and ${length - 1}.`);
}

function invalid(id: RequestId, param: string, message: string): ForgelightError {
  return new ForgelightError('invalid-request', message, { param, requestId: id });
}
