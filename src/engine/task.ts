import { parseCompletionBody } from '../protocol/completion-schema';
import { parseEvaluation } from '../protocol/evaluation-schema';
import { tokenId, type TokenId } from '../base/ids';
import { MIB } from '../base/units';
import { ForgelightError } from '../base/errors';
import type { EmbedTask, EvaluateTask, GenerateTask } from '../protocol/commands';
import { parseEmbeddingBody } from '../protocol/embedding-schema';
import type { ResumeRequest } from '../protocol/engine-port';
import { parseChatBody, parseResumption, type ParsedBody } from '../protocol/request-schema';
import { invalidField } from '../protocol/schema-parse';
import type { ChatTokenizer } from '../tokenizer/chat-tokenizer';

/** What is known of the loaded model when a body becomes a task. */
export interface TaskDeps {
  readonly tokenizer: Pick<ChatTokenizer, 'encode' | 'encodeChat'>;
  /** Values of `model` that mean this model. */
  readonly modelNames: readonly string[];
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** Unsigned 32 bits, for requests that name no seed. */
  readonly randomSeed: () => number;
}

const MAX_LOGITS_BYTES = 256 * MIB;

/** An OpenAI chat body as a task. Throws `invalid-request` with `param`. */
export function chatTask(body: unknown, deps: TaskDeps): GenerateTask {
  const chat = parseChatBody(body);
  return generateTask(chat, deps.tokenizer.encodeChat(chat.messages, { kwargs: chat.templateKwargs }), deps);
}

/** An OpenAI completion body as a task; text prompts are read with special tokens. Throws `invalid-request` with `param`. */
export function completionTask(body: unknown, deps: TaskDeps): GenerateTask {
  const completion = parseCompletionBody(body);
  const { prompt } = completion;
  const ids =
    typeof prompt === 'string' ? deps.tokenizer.encode(prompt) : knownIds(prompt, 'prompt', deps.vocabularySize);
  return generateTask(completion, ids, deps);
}

/**
 * The task of `evaluate`. Positions come in any order and the task has each once, ascending.
 * Throws `invalid-request` with `param`, also where the logits would take more than 256 MiB.
 */
export function evaluateTask(ids: unknown, positions: unknown, deps: Pick<TaskDeps, 'vocabularySize'>): EvaluateTask {
  const evaluation = parseEvaluation({ ids, positions });
  const promptIds = knownIds(evaluation.ids, 'ids', deps.vocabularySize);
  const wanted = wantedPositions(evaluation.positions, promptIds.length);
  const sizeBytes = wanted.length * deps.vocabularySize * Float32Array.BYTES_PER_ELEMENT;
  if (sizeBytes > MAX_LOGITS_BYTES) {
    const most = Math.floor(MAX_LOGITS_BYTES / Float32Array.BYTES_PER_ELEMENT / deps.vocabularySize);
    throw invalidField(
      'positions',
      `asks for ${Math.ceil(sizeBytes / MIB)} MiB of logits; at most 256 MiB come at once: ask for at most ${most} positions a call`,
    );
  }
  return { kind: 'evaluate', promptIds, positions: wanted };
}

/**
 * The task of one input of an OpenAI embeddings body; text is read with special tokens. `param` is what messages call the
 * input. Throws `invalid-request` and `context-overflow` with `param`.
 */
export function embedTask(body: unknown, param: string, deps: TaskDeps): EmbedTask {
  const { model, inputs } = parseEmbeddingBody(body);
  checkModel(model, deps.modelNames);
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0) throw invalidField('input', 'must be one text a request here');
  const promptIds =
    typeof input === 'string' ? deps.tokenizer.encode(input) : knownIds(input, param, deps.vocabularySize);
  if (promptIds.length <= deps.contextLength) return { kind: 'embed', promptIds };
  throw new ForgelightError(
    'context-overflow',
    `${param} has ${promptIds.length} tokens, but this model takes ${deps.contextLength} a text here. Split the text, or load the model with a larger contextLength where it allows one.`,
    { param },
  );
}

/**
 * An answer that another engine began, to go on behind what that has emitted. The same tokens follow where the engines' fingerprints
 * agree. Throws `invalid-request` with `param`.
 */
export function resumedTask(request: ResumeRequest, deps: TaskDeps): GenerateTask {
  const { promptIds, emittedIds, seed } = parseResumption(request);
  const body = request.of === 'chat' ? parseChatBody(request.body) : parseCompletionBody(request.body);
  const task = generateTask(body, knownIds(promptIds, 'promptIds', deps.vocabularySize), deps);
  return {
    ...task,
    emittedIds: knownIds(emittedIds, 'emittedIds', deps.vocabularySize),
    sampling: { ...task.sampling, seed },
  };
}

function generateTask(body: ParsedBody, promptIds: readonly TokenId[], deps: TaskDeps): GenerateTask {
  checkModel(body.model, deps.modelNames);
  const stranger = body.sampling.logitBias.find(([id]) => id >= deps.vocabularySize);
  if (stranger !== undefined) {
    throw invalidField(
      `logit_bias.${stranger[0]}`,
      `is not a token of this model: ids go from 0 to ${deps.vocabularySize - 1}`,
    );
  }
  return {
    kind: 'generate',
    promptIds,
    emittedIds: [],
    maxTokens: body.maxTokens ?? deps.contextLength,
    sampling: { ...body.sampling, seed: body.sampling.seed ?? deps.randomSeed() },
    stop: body.stop,
  };
}

function checkModel(model: string | null, names: readonly string[]): void {
  if (model === null || names.includes(model)) return;
  throw invalidField(
    'model',
    `must be ${names.map((name) => JSON.stringify(name)).join(' or ')}, the model loaded here, or left out`,
  );
}

function knownIds(ids: readonly number[], param: string, vocabularySize: number): TokenId[] {
  const at = ids.findIndex((id) => id >= vocabularySize);
  if (at !== -1)
    throw invalidField(`${param}[${at}]`, `must be a token of this model: 0 to ${vocabularySize - 1}, got ${ids[at]}`);
  return ids.map(tokenId);
}

function wantedPositions(positions: 'last' | 'all' | readonly number[], length: number): number[] {
  if (positions === 'last') return [length - 1];
  if (positions === 'all') return Array.from({ length }, (_, position) => position);
  const at = positions.findIndex((position) => position >= length);
  if (at !== -1)
    throw invalidField(`positions[${at}]`, `must be a position in ids: 0 to ${length - 1}, got ${positions[at]}`);
  return [...new Set(positions)].sort((a, b) => a - b);
}
