import { Worker } from 'node:worker_threads';

const LOOK_MS = 500;

/** Runs beside the main thread, which may stand still in a driver: text, because a thread's code is a file of its own. */
const GUARD = `
const { workerData } = require('node:worker_threads');
const { parent, isGroup } = workerData;
const isAlive = () => {
  if (process.ppid !== parent) return false;
  try {
    process.kill(parent, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};
setInterval(() => {
  if (!isAlive()) process.kill(isGroup ? -process.pid : process.pid, 'SIGKILL');
}, ${LOOK_MS});
`;

/**
 * Ends this process, and all of its group, soon after the one that started it: also while the main thread stands still and would not hear that
 * its channel was closed. `parent`: its number when this process began.
 */
export function guardParent(parent: number): void {
  const isGroup = process.platform !== 'win32';
  new Worker(GUARD, { eval: true, workerData: { parent, isGroup }, stdin: false }).unref();
}
