import { ForgelightError } from '../base/errors';
import { getString } from '../gguf/metadata';
import type { GgufFile } from '../gguf/types';
import { llama } from './llama';
import type { Network } from './network';

/** `general.architecture` → how to read it. To add one: a file here and a line here. */
const ARCHITECTURES: Readonly<Record<string, (file: GgufFile) => Network>> = { llama };

/** Throws `unsupported-architecture` naming it, `bad-gguf` where metadata is missing. */
export function describeNetwork(file: GgufFile): Network {
  const architecture = getString(file.metadata, 'general.architecture');
  const describe = Object.hasOwn(ARCHITECTURES, architecture) ? ARCHITECTURES[architecture] : undefined;
  if (describe === undefined) {
    throw new ForgelightError(
      'unsupported-architecture',
      `The architecture "${architecture}" is not supported yet. Choose a model of: ${Object.keys(ARCHITECTURES).join(', ')}.`,
    );
  }
  return describe(file);
}
