import { ForgelightError } from '../../src/base/errors';
import type { CommandInput } from './run-cli';

/** Proves the kernels on this computer's GPU. */
export async function selftest(_input: CommandInput): Promise<void> {
  throw new ForgelightError(
    'no-adapter',
    'This version has no kernels for AMD GPUs to test. Pages test theirs by themselves, when they load a model.',
  );
}
