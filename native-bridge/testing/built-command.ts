import { join } from 'node:path';
import { inject } from 'vitest';

/** The command as it is built, for a test of project `bridge` to run with Node. */
export function builtCommand(): Promise<string> {
  return Promise.resolve(join(inject('bundledCommands'), 'forgelight.js'));
}
