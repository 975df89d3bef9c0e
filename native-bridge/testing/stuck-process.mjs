// Read before anything else by each process of a command (`NODE_OPTIONS=--import …`): those that own a device stand still at their first word, as in
// a driver that does not come back. Which one does is written to the file STUCK_FILE.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

function standStill() {
  writeFileSync(process.env.STUCK_FILE, String(process.pid));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

if (isMainThread && ['engine-process', 'probe-process'].includes(process.argv[2])) {
  process.stdout.write = standStill;
  process.send = standStill;
}
