import fc from 'fast-check';
import { assert } from '../../src/base/assert';
import { MemoryGround } from '../../src/store/testing/memory-ground';
import { content, sha256Of, Visit } from '../../src/store/testing/visits';
import { ScriptedServer } from '../support/scripted-server';
import { CHUNK_BYTES, GRAIN_BYTES } from './store-scenario';

export interface TabsScenario {
  readonly sizeBytes: number;
  /** For each tab: the operation at which it is closed, or `null`. The last one stays. */
  readonly tabs: readonly (number | null)[];
  readonly scheduler: fc.Scheduler;
}

export interface TabsCounts {
  died: number;
  /** Downloads that went on where another tab's ended. */
  takenOver: number;
  /** Reports of a download that another tab heard of. */
  watched: number;
}

export const tabsScenario: fc.Arbitrary<TabsScenario> = fc.record({
  sizeBytes: fc.integer({ min: 1, max: 150 }),
  tabs: fc
    .array(fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 12, max: 40 })), {
      minLength: 1,
      maxLength: 2,
    })
    .map((tabs) => [...tabs, null]),
  scheduler: fc.scheduler(),
});

/** Several tabs load the same model at once, in whatever order; some are closed in the middle. */
export async function simulateTabs({ sizeBytes, tabs, scheduler }: TabsScenario): Promise<TabsCounts> {
  const ground = new MemoryGround();
  const body = content(sizeBytes, sizeBytes);
  const server = Object.assign(new ScriptedServer(body), { chunkBytes: CHUNK_BYTES });
  const counts: TabsCounts = { died: 0, takenOver: 0, watched: 0 };
  const schedule = (name: string): Promise<void> => scheduler.schedule(Promise.resolve(), name);
  const visits = tabs.map((at) => {
    const crash = at === null ? {} : { crash: { at, when: 'before', kind: 'tab' } as const };
    return new Visit(ground, { schedule, ...crash }, GRAIN_BYTES);
  });
  const loads = visits.map(async (visit, tab) => {
    const onWatched = (): void => void (counts.watched += 1);
    const died = visit.tab.died.then(() => null);
    const bytes = await Promise.race([died, visit.load(server, { onWatched })]);
    if (bytes !== null) assert(sha256Of(bytes) === sha256Of(body), `tab ${tab} got other bytes`);
    else counts.died += 1;
  });
  await scheduler.waitFor(Promise.all(loads));
  checkFetched(server, visits, counts);
  const { store } = new Visit(ground);
  await store.sweep();
  const left = await store.list();
  assert(left.length === 1 && left[0]?.state === 'ok', `the store has ${JSON.stringify(left)}`);
  for (const visit of visits) visit.source?.close();
  assert(ground.locks.heldNames.length === 0, `locked for ever: ${ground.locks.heldNames.join()}`);
  return counts;
}

/** Nothing is fetched twice but what a dead tab had not written down; who did not die costs nothing. */
function checkFetched(server: ScriptedServer, visits: readonly Visit[], counts: TabsCounts): void {
  const starts = server.requests.map((headers) => Number(/\d+/.exec(headers.get('range') ?? '')?.[0] ?? 0));
  counts.takenOver += starts.filter((start) => start > 0).length;
  assert(starts.length <= 1 + counts.died, `${starts.length} downloads, and ${counts.died} tabs were closed`);
  // In the order of their downloads, each dead tab left all but the journal's grain.
  const reached = visits.map(({ received }) => received.length).filter((bytes) => bytes < server.body.length);
  const lost = reached.filter((bytes) => !starts.some((start) => start >= bytes - GRAIN_BYTES - CHUNK_BYTES));
  assert(lost.length === 0 || starts.length <= 1, `of ${lost.join()} bytes too few were used again`);
}
