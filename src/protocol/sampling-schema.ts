import * as v from 'valibot';
import {
  boolean,
  ignored,
  integerFrom,
  listOf,
  numberFrom,
  object,
  oneOf,
  plainObject,
  refused,
  textOf,
  textOr,
} from './schema-fields';
import type { SamplingOptions } from './sampling-options';
import { MAX_INT32, SAMPLING_RANGES, type SamplingRange } from './sampling-ranges';

export const MAX_TEXT_LENGTH = 2 * 1024 * 1024;
export const MAX_TOP_LOGPROBS = 20;

const MAX_STOPS = 16;
const MAX_STOP_LENGTH = 1024;
const MAX_BIASES = 1024;
const COMES_LATER = 'it comes in a later version; leave it out';

const logitBias = v.pipe(
  plainObject(),
  v.check((bias) => Object.keys(bias).length <= MAX_BIASES, `holds too many tokens: at most ${MAX_BIASES}`),
  v.check(
    (bias) => Object.keys(bias).every((key) => /^(0|[1-9]\d{0,9})$/.test(key)),
    'has a key that is not a token id',
  ),
  v.record(v.string(), numberFrom(-100, 100)),
  v.transform((bias) => Object.entries(bias).map(([id, value]): readonly [number, number] => [Number(id), value])),
);

const stop = v.pipe(
  textOr(
    textOf(1, MAX_STOP_LENGTH),
    listOf(textOf(1, MAX_STOP_LENGTH), 0, MAX_STOPS, `stop strings, each of 1 to ${MAX_STOP_LENGTH} characters`),
  ),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
);

function ranged({ min, max, whole }: SamplingRange) {
  return whole ? integerFrom(min, max) : numberFrom(min, max);
}

function withInitial(range: SamplingRange & { readonly initial: number }) {
  return v.nullish(ranged(range), range.initial);
}

/** What chat and text completions share: OpenAI's names, and llama.cpp's for what OpenAI lacks. `null` means the default. */
export const samplingEntries = {
  model: v.nullish(textOf(1, 1024)),
  stream: v.nullish(boolean(), false),
  stream_options: v.nullish(
    object({
      include_usage: v.nullish(boolean(), false),
      include_obfuscation: v.nullish(v.literal(false, 'must be false: nothing is padded here')),
    }),
  ),
  max_tokens: v.nullish(ranged(SAMPLING_RANGES.max_tokens)),
  temperature: withInitial(SAMPLING_RANGES.temperature),
  top_p: withInitial(SAMPLING_RANGES.top_p),
  top_k: withInitial(SAMPLING_RANGES.top_k),
  min_p: withInitial(SAMPLING_RANGES.min_p),
  repeat_penalty: withInitial(SAMPLING_RANGES.repeat_penalty),
  repeat_last_n: v.nullish(integerFrom(-1, MAX_INT32), 64),
  presence_penalty: withInitial(SAMPLING_RANGES.presence_penalty),
  frequency_penalty: withInitial(SAMPLING_RANGES.frequency_penalty),
  logit_bias: v.nullish(logitBias, {}),
  seed: v.nullish(ranged(SAMPLING_RANGES.seed)),
  stop: v.nullish(stop, []),
  n: v.nullish(v.literal(1, 'must be 1 (several answers to one request come in a later version)')),
  user: ignored(),
  metadata: ignored(),
  store: ignored(),
  safety_identifier: ignored(),
  prompt_cache_key: ignored(),
  service_tier: v.nullish(oneOf(['auto', 'default'])),
  tools: refused(COMES_LATER),
  tool_choice: refused(COMES_LATER),
  // Of what may not be there yet.
  parallel_tool_calls: v.nullish(boolean()),
  functions: refused(COMES_LATER),
  function_call: refused(COMES_LATER),
  response_format: v.nullish(
    object({ type: v.literal('text', 'must be "text" (other formats come in a later version)') }),
  ),
} as const;

const samplingFields = v.object(samplingEntries);
export type SamplingFields = v.InferOutput<typeof samplingFields>;

/** Sampling settings as requested; `seed` is `null` where the request names none. */
export type RequestedSampling = Omit<SamplingOptions, 'seed'> & { readonly seed: number | null };

export function toSampling(fields: SamplingFields, topLogprobs: number | null): RequestedSampling {
  return {
    temperature: fields.temperature,
    topK: fields.top_k,
    topP: fields.top_p,
    minP: fields.min_p,
    repeatPenalty: fields.repeat_penalty,
    repeatLastN: fields.repeat_last_n === -1 ? MAX_INT32 : fields.repeat_last_n, // -1: all, as in llama.cpp
    presencePenalty: fields.presence_penalty,
    frequencyPenalty: fields.frequency_penalty,
    logitBias: fields.logit_bias,
    seed: fields.seed ?? null,
    topLogprobs,
  };
}
