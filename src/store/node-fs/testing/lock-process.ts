import { readFile, writeFile } from 'node:fs/promises';
import { systemClock as clock } from '../../../base/system-clock';
import { NodeLocks } from '../node-locks';

/** A process of its own that wants a lock: `count FOLDER FILE TIMES` adds to a number in a file, `hold FOLDER` keeps it for ever. */
const [, , what, folder = '', file = '', times = '0'] = process.argv;
const locks = new NodeLocks(folder, clock, Math.random);
const { signal } = new AbortController();

if (what === 'hold') {
  await locks.acquire('lock', { mode: 'exclusive', signal });
  console.log('held');
  setInterval(() => undefined, 1000);
} else {
  for (let time = 0; time < Number(times); time += 1) {
    const lock = await locks.acquire('lock', { mode: 'exclusive', signal });
    const count = Number(await readFile(file, 'utf8'));
    await writeFile(file, String(count + 1));
    lock.release();
  }
}
