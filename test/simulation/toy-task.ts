import { type TokenId, tokenId } from '../../src/base/ids';
import type { RunnerLimits } from '../../src/engine/runner';
import type { GenerateTask } from '../../src/protocol/commands';
import type { SamplingOptions } from '../../src/protocol/sampling-options';
import { createSampler, type Sampler } from '../../src/sampling/chain';
import type { Tokenizer } from '../../src/tokenizer/tokenizer';
import { toyArgmax, toyHash, toyLogits, toyText } from './toy-runner';

export const VOCABULARY_SIZE = 31;

/** Tokens 0 and 1 end an answer; 2 and 3 are the halves of an é; the others are letters. */
export const toyTokenizer: Pick<Tokenizer, 'endIds' | 'bytes'> = {
  endIds: new Set([tokenId(0), tokenId(1)]),
  bytes: (id) => (id < 2 ? new Uint8Array() : Uint8Array.of(id === 2 ? 0xc3 : id === 3 ? 0xa9 : 0x5d + id)),
};

export type ToySampling = 'argmax' | 'sample' | 'penalisedArgmax' | 'penalisedSample' | 'logits';

/** Greedy, without anything that needs the host. */
export const GREEDY: SamplingOptions = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repeatPenalty: 1,
  repeatLastN: 64,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  seed: 7,
  topLogprobs: null,
};

const PENALTIES = { repeatPenalty: 1.3, repeatLastN: 4, presencePenalty: 0.5, frequencyPenalty: 0.7 };

/** Sampling by each of the three modes that a step can output, the device's two also with penalties. */
export const SAMPLING: Readonly<Record<ToySampling, SamplingOptions>> = {
  argmax: GREEDY,
  sample: { ...GREEDY, temperature: 1, topK: 4 },
  penalisedArgmax: { ...GREEDY, ...PENALTIES },
  penalisedSample: { ...GREEDY, ...PENALTIES, repeatLastN: 2 ** 31 - 1, temperature: 1, topK: 4 },
  logits: { ...GREEDY, temperature: 1, repeatPenalty: 1.3, topLogprobs: 2 },
};

export interface Solo {
  /** Tokens with a `token` event. */
  readonly tokens: readonly TokenId[];
  readonly text: string;
  readonly outcome: 'stop' | 'length';
  /** The end token included. */
  readonly completionTokens: number;
}

/** What the toy model answers to `task` when nothing disturbs it, computed without an engine. */
export function soloRun(task: GenerateTask, limits: RunnerLimits): Solo {
  const sampler = createSampler(task.sampling, limits);
  const capacity = Math.min(limits.contextLength, limits.totalBlocks * limits.blockTokens);
  const tokens: TokenId[] = [];
  const history = [...task.promptIds];
  const end = (outcome: 'stop' | 'length', text: string): Solo => ({
    tokens,
    text,
    outcome,
    completionTokens: history.length - task.promptIds.length,
  });
  while (tokens.length < task.maxTokens && history.length < capacity) {
    const next = nextToken(sampler, history, tokens.length, limits);
    history.push(next);
    if (toyTokenizer.endIds.has(next)) return end('stop', textOf(tokens));
    tokens.push(next);
    const met = stopIn(textOf(tokens, true), task.stop);
    if (met !== null) return end('stop', met);
  }
  return end('length', textOf(tokens));
}

function nextToken(sampler: Sampler, history: readonly number[], index: number, limits: RunnerLimits): TokenId {
  const hash = toyHash(toyText(history.slice(0, history.length - index), history.slice(history.length - index)));
  const isPlain = sampler.penalties(history.length - 1) === null;
  if (sampler.mode === 'argmax' && isPlain) return tokenId(toyArgmax(hash, limits.vocabularySize));
  return sampler.sampleLogits(toyLogits(hash, limits.vocabularySize), history, index).tokenId;
}

function textOf(tokens: readonly TokenId[], stream = false): string {
  const bytes = Uint8Array.from(tokens.flatMap((id) => [...toyTokenizer.bytes(id)]));
  return new TextDecoder().decode(bytes, { stream });
}

/** The text before the first stop string, or `null`. */
function stopIn(text: string, stops: readonly string[]): string | null {
  const places = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return places.length === 0 ? null : text.slice(0, Math.min(...places));
}
