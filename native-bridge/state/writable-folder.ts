import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { ForgelightError } from '../../src/base/errors';
import { makeFolder } from '../../src/store/node-fs/durable';

/** The part of a file system that is used here. */
export interface FolderMaker {
  /** With all folders above. */
  readonly make: (folder: string) => Promise<unknown>;
  /** Rejects where this process may not write to it. */
  readonly tryWrite: (folder: string) => Promise<void>;
}

const NODE: FolderMaker = {
  make: makeFolder,
  tryWrite: (folder) => access(folder, constants.W_OK),
};

/**
 * A folder that is there, and that this process may write to: the store of models keeps its locks in it, so that to load one takes more than
 * reading. Throws `invalid-request` with what to do; `variable`, its `param`, names another folder.
 */
export async function requireWritable(
  folder: string,
  variable: string,
  { make = NODE.make, tryWrite = NODE.tryWrite }: Partial<FolderMaker> = {},
): Promise<void> {
  try {
    await make(folder);
    await tryWrite(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const advice =
      code === 'EROFS'
        ? `It is read-only here: to a service a folder stays so that was made after its start. Restart that (systemctl --user restart forgelight); where that does not help, forgelight doctor says what its unit lacks.`
        : `Let this user write there, or name another folder: ${variable}.`;
    throw new ForgelightError('invalid-request', `${folder} cannot be written to (${code}). ${advice}`, {
      param: variable,
      cause: error,
    });
  }
}
