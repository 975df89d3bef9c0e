import { write } from 'node:fs';
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
  return async (text) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) {
      try {
        at += (await writeTo(descriptor, bytes, at)).bytesWritten;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
        // A process that has nothing else to do ends, whether anybody reads this or not.
        await new Promise((resolve) => void setTimeout(resolve, FULL_MS).unref());
      }
    }
  };
}
