import { ForgelightError } from '../../base/errors';
import { afmoe } from './afmoe';
import { chameleon } from './chameleon';
import { deepseekCoder, deepseekLlm, deepseekV3, spark25 } from './deepseek';
import { defaultPreTokenizer } from './default';
import { falcon } from './falcon';
import { gpt2 } from './gpt2';
import { gpt4o, graniteEmbedding, tekken, tinyAya, youtu } from './gpt4o';
import { kimiK2 } from './kimi-k2';
import { jais2, llama3, llama3Words, minicpm5 } from './llama3';
import { poro, viking } from './poro';
import type { PreTokenizer } from './pre-tokenizer';
import { exaoneMoe, laguna, qwen2, qwen35, seedCoder, ufakzeka } from './qwen2';
import { smollm } from './smollm';
import { superbpe } from './superbpe';

/** Names of `tokenizer.ggml.pre` that share a pre-tokenizer. A new one: a file beside this one, and a line here. */
export const PRE_TOKENIZERS: readonly (readonly [PreTokenizer, ...string[]])[] = [
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
  [
    gpt2,
    'granite-docling',
    'roberta-bpe',
    'jina-v1-en',
    'jina-v2-code',
    'jina-es',
    'jina-de',
    'jina-v2-es',
    'jina-v2-de',
  ],
  [smollm, 'smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b', 'mellum2'],
  [llama3, 'llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2', 'jina-v5-nano'],
  [llama3Words, 'dbrx', 'smaug-bpe', 'glm4', 'chatglm-bpe'],
  [minicpm5, 'minicpm5'],
  [jais2, 'jais-2'],
  [qwen2, 'qwen2', 'deepseek-r1-qwen', 'megrez', 'stablelm2', 'hunyuan', 'kormo', 'solar-open', 'grok-2', 'f2llmv2'],
  // Bailing's pattern differs in its text alone: one line end where others have several, after all white space before it
  [qwen2, 'bailingmoe', 'bailingmoe2', 'llada-moe'],
  [qwen35, 'qwen35'],
  [seedCoder, 'seed-coder'],
  [ufakzeka, 'ufakzeka'],
  [laguna, 'laguna'],
  [exaoneMoe, 'exaone-moe'],
  [deepseekLlm, 'deepseek-llm'],
  [deepseekCoder, 'deepseek-coder'],
  [deepseekV3, 'deepseek-v3', 'hunyuan-dense', 'joyai-llm', 'hy_v4'],
  [spark25, 'spark2_5'],
  [falcon, 'falcon'],
  [gpt4o, 'gpt-4o', 'llama4', 'kanana2', 'talkie', 'minimax-m2'],
  [tekken, 'tekken'],
  [graniteEmbedding, 'granite-embed-multi-97m'],
  [tinyAya, 'tiny_aya', 'cohere2moe'],
  [youtu, 'youtu'],
  [kimiK2, 'kimi-k2'],
  [afmoe, 'afmoe'],
  [poro, 'poro-chat', 'bloom', 'gpt3-finnish'],
  [viking, 'viking'],
  [chameleon, 'chameleon'],
  [superbpe, 'superbpe'],
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
