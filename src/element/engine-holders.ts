import type { Engine } from '../client/index';

/** How many elements hold each engine that an element made. Engines that the page's own code made are not in it: they are its to close. */
const holders = new WeakMap<Engine, number>();
/** Whatever became of them: engines that an element made. */
const made = new WeakSet<Engine>();
/** What an element loads in place of an engine that ended with its page; `null` where that failed. */
const successors = new WeakMap<Engine, Promise<Engine | null>>();

/** An element has made `engine` and holds it. */
export function holdOwn(engine: Engine): void {
  holders.set(engine, 1);
  made.add(engine);
}

export function isOwn(engine: Engine): boolean {
  return made.has(engine);
}

/** What another element that held `ended` loads in its place already. */
export function successorOf(ended: Engine): Promise<Engine | null> | null {
  return successors.get(ended) ?? null;
}

export function replace(ended: Engine, successor: Promise<Engine | null>): void {
  successors.set(ended, successor);
}

/** An element was given `engine` and holds it too. */
export function hold(engine: Engine): void {
  const count = holders.get(engine);
  if (count !== undefined) holders.set(engine, count + 1);
}

/** An element lets `engine` go. The last one closes it, if an element made it. */
export async function release(engine: Engine): Promise<void> {
  const count = holders.get(engine);
  if (count === undefined) return;
  if (count > 1) {
    holders.set(engine, count - 1);
    return;
  }
  holders.delete(engine);
  await engine.close();
}
