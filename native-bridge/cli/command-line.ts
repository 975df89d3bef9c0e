import { ForgelightError } from '../../src/base/errors';

/** An option of a command, as `parseArgs` takes it and as help shows it. */
export interface CliOption {
  readonly type: 'string' | 'boolean';
  readonly multiple?: true;
  /** What stands behind it, in capitals. */
  readonly value?: string;
  /** What it does, and what holds without it. */
  readonly is: string;
}

export type CliOptions = Readonly<Record<string, CliOption>>;

/** The command line, or a variable that stands for a part of it, means nothing: nothing was tried. */
export class CommandLineError extends ForgelightError {
  constructor(message: string, param?: string) {
    super('invalid-request', message, param === undefined ? {} : { param });
  }
}

/** What `read` makes of a setting as it was written. Throws `CommandLineError` for what means nothing. */
export function readSetting<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    throw new CommandLineError(error.message, error.param);
  }
}
