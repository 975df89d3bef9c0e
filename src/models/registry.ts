import { ForgelightError } from '../base/errors';
import { getString } from '../gguf/metadata';
import type { GgufFile } from '../gguf/types';
import { bert } from './bert';
import type { EncoderNetwork } from './encoder-network';
import { exaone4 } from './exaone4';
import { gemma2 } from './gemma2';
import { gemma3 } from './gemma3';
import { gptOss } from './gpt-oss';
import { granite } from './granite';
import { llama } from './llama';
import type { Network } from './network';
import { nomicBert } from './nomic-bert';
import { olmo2 } from './olmo2';
import { phi3 } from './phi3';
import { qwen2 } from './qwen2';
import { qwen3 } from './qwen3';
import { qwen3moe } from './qwen3moe';
import { smollm3 } from './smollm3';

/** `general.architecture` → how to read it. To add one: a file here and a line here. */
const ARCHITECTURES: Readonly<Record<string, (file: GgufFile) => Network>> = {
  exaone4,
  gemma2,
  gemma3,
  'gpt-oss': gptOss,
  granite,
  llama,
  olmo2,
  phi3,
  qwen2,
  qwen3,
  qwen3moe,
  smollm3,
};

/** The same of encoders, which make vectors of texts. */
const ENCODERS: Readonly<Record<string, (file: GgufFile) => EncoderNetwork>> = {
  bert,
  'nomic-bert': nomicBert,
};

/** `null` where the architecture is no encoder's. Throws as `describeNetwork` does. */
export function describeEncoder(file: GgufFile): EncoderNetwork | null {
  const architecture = getString(file.metadata, 'general.architecture');
  return Object.hasOwn(ENCODERS, architecture) ? (ENCODERS[architecture]?.(file) ?? null) : null;
}

/** A decoder. Throws `unsupported-architecture` naming what it is not, `bad-gguf` where metadata is missing. */
export function describeNetwork(file: GgufFile): Network {
  const architecture = getString(file.metadata, 'general.architecture');
  const describe = Object.hasOwn(ARCHITECTURES, architecture) ? ARCHITECTURES[architecture] : undefined;
  if (describe === undefined) {
    throw new ForgelightError(
      'unsupported-architecture',
      `The architecture "${architecture}" is not supported yet. Choose a model of: ${Object.keys({ ...ARCHITECTURES, ...ENCODERS }).join(', ')}.`,
    );
  }
  return describe(file);
}
