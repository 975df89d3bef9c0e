import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { descriptorSink } from './log-sink';

/** Far more than a pipe holds. */
const TEXT = 'x'.repeat(1 << 20);

it.each([
  ['waits', 0],
  ['does not wait', constants.O_NONBLOCK],
])(
  'a log whose reader takes nothing holds up its own writes and nothing else, on a pipe that %s',
  async (_name, flag) => {
    const folder = await mkdtemp(join(tmpdir(), 'forgelight-pipe-'));
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const pipe = await open(path, constants.O_RDWR | flag);
    try {
      let isWritten = false;
      const written = descriptorSink(pipe.fd)(TEXT).then(() => (isWritten = true));
      for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
      expect(isWritten).toBe(false);
      let readBytes = 0;
      const buffer = Buffer.alloc(1 << 16);
      while (readBytes < TEXT.length) {
        const read = await pipe.read(buffer).catch(() => ({ bytesRead: 0 })); // empty for now
        readBytes += read.bytesRead;
      }
      await written;
      expect(readBytes).toBe(TEXT.length);
    } finally {
      await pipe.close();
      await rm(folder, { recursive: true });
    }
  },
);
