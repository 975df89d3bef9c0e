import { guardParent } from '../engine/guard-parent';

/** A process whose main thread stands still, as in a driver that does not come back, before it could hear anything. */
guardParent(process.ppid);
process.stdout.write(`${process.pid}\n`, () => {
  for (;;) Math.random();
});
