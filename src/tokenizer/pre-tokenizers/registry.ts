import { ForgelightError } from '../../base/errors';
import { defaultPreTokenizer } from './default';
import { gpt2 } from './gpt2';
import { llama3, llama3Words } from './llama3';
import type { PreTokenizer } from './pre-tokenizer';
import { qwen2 } from './qwen2';
import { smollm } from './smollm';

/** Names of `tokenizer.ggml.pre` that share a pre-tokenizer. A new one: a file beside this one, and a line here. */
const PRE_TOKENIZERS: readonly (readonly [PreTokenizer, ...string[]])[] = [
  [defaultPreTokenizer, 'default'],
  [
    gpt2,
    'gpt-2',
    'phi-2',
    'mpt',
    'olmo',
    'jais',
    'trillion',
    'exaone4',
    'gigachat',
    'a.x-4.0',
    'mellum',
    'modern-bert',
  ],
  [smollm, 'smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b', 'mellum2'],
  [llama3, 'llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2'],
  [llama3Words, 'dbrx', 'smaug-bpe', 'glm4', 'chatglm-bpe'],
  [qwen2, 'qwen2', 'deepseek-r1-qwen', 'megrez', 'stablelm2', 'hunyuan', 'kormo', 'solar-open', 'grok-2'],
];

const BY_NAME = new Map(
  PRE_TOKENIZERS.flatMap(([preTokenizer, ...names]) => names.map((name) => [name, preTokenizer] as const)),
);

/**
 * The pre-tokenizer of a file's `tokenizer.ggml.pre`, with what the user should know of the choice. As in llama.cpp a file that names
 * none gets `default`, and an unknown name is refused (`unsupported-architecture`): wrong words would give wrong answers silently.
 */
export function findPreTokenizer(name: string | null): {
  readonly preTokenizer: PreTokenizer;
  readonly notes: readonly string[];
} {
  if (name === null || name === '') {
    const note =
      'The file names no pre-tokenizer (tokenizer.ggml.pre), so a default is used: answers may be worse than this model can give.';
    return { preTokenizer: defaultPreTokenizer, notes: [note] };
  }
  const preTokenizer = BY_NAME.get(name);
  if (preTokenizer === undefined) {
    throw new ForgelightError(
      'unsupported-architecture',
      `The pre-tokenizer ${JSON.stringify(name)} is not supported yet. Choose a model of another family.`,
    );
  }
  return { preTokenizer, notes: [] };
}
