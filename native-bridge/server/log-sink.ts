import { constants, openSync, write } from 'node:fs';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import type { LogSink } from './log-ring';

const writeTo = promisify<number, Buffer, number, { bytesWritten: number }>((descriptor, bytes, offset, done) =>
  write(descriptor, bytes, offset, (error, bytesWritten) => done(error, { bytesWritten })),
);
/** A pipe that does not wait is asked again after so long. */
const FULL_MS = 20;

/**
 * Writes to a file descriptor in a thread of its own. `process.stderr` would not do: on Linux it blocks the whole process while whoever reads
 * the pipe, or a terminal after Ctrl+S, takes nothing.
 */
export function descriptorSink(descriptor: number): LogSink {
  const own = isatty(descriptor) ? opened(descriptor) : descriptor;
  return async (text) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) {
      try {
        at += (await writeTo(own, bytes, at)).bytesWritten;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
        // A process that has nothing else to do ends, whether anybody reads this or not.
        await new Promise((resolve) => void setTimeout(resolve, FULL_MS).unref());
      }
    }
  };
}

/**
 * The same terminal, opened once more so that it does not wait: the process could not end while a thread waits for it, and Node has its own
 * descriptor wait. Lasts as long as the process. Elsewhere than on Linux the one that is there has to do.
 */
function opened(terminal: number): number {
  try {
    return openSync(`/proc/self/fd/${terminal}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return terminal; // there is no such folder, or it is another user's terminal
  }
}
