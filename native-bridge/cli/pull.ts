import { formatBytes } from '../../src/base/units';
import { CommandLineError, type CliOptions } from './command-line';
import { keepModel } from './keep-model';
import type { CommandInput } from './run-cli';

export const PULL_ARGUMENTS = {
  sha256: { type: 'string', value: 'HASH', is: 'what the file must be: nothing else is kept' },
  mirror: { type: 'string', multiple: true, value: 'URL', is: 'another address of the same file; with --sha256' },
} as const satisfies CliOptions;

/** Puts a model into the store, all parts of a split one. What an earlier download left is gone on with. */
export async function pull(input: CommandInput): Promise<void> {
  const { models, host, names, options } = input;
  const [reference = ''] = names;
  const { sha256, mirror } = options;
  const { sizeBytes, wasHere, entries } = await keepModel(input, reference, {
    ...(typeof sha256 === 'string' && { sha256: hashOf(sha256) }),
    mirrors: Array.isArray(mirror) ? mirror.map(String) : [],
  });
  if (options['json'] === true) host.out(`${JSON.stringify(entries, null, 2)}\n`);
  else host.out(`${wasHere ? 'Already here' : 'Kept'}: ${reference}, ${formatBytes(sizeBytes)}, in ${models.folder}\n`);
}

function hashOf(text: string): string {
  const hash = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text)?.[1];
  if (hash !== undefined) return hash.toLowerCase();
  throw new CommandLineError(`"${text}" is no SHA-256: it has 64 hex digits.`, 'sha256');
}
