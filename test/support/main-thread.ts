/** What this needs of a session of the DevTools protocol with a page. */
export interface TraceSession {
  send(
    method: 'Tracing.start',
    options: { readonly transferMode: 'ReportEvents'; readonly categories: string },
  ): Promise<unknown>;
  send(method: 'Tracing.end'): Promise<unknown>;
  on(event: 'Tracing.dataCollected', listener: (data: { readonly value: readonly unknown[] }) => void): unknown;
  once(event: 'Tracing.tracingComplete', listener: () => void): unknown;
  detach(): Promise<void>;
}

/** One task of the page's main thread, with its microtasks, layout and painting. */
export interface Task {
  /** For so long the thread has run, at most: what it waited for a busy processor is not in it. */
  readonly cpuMs: number;
  /** Of the page's `stepMark`s the one that it lies behind, or holds. */
  readonly step: string;
}

/** Of the trace's events what is read here. Source: "Trace Event Format", complete events and marks; times are microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
}

const CATEGORIES = ['-*', 'disabled-by-default-devtools.timeline', 'blink.user_timing'].join();
const STEP = 'step:';
/** The mark behind which nothing is counted, until there is another one. */
export const END_MARK = `${STEP}end`;

/** `performance.mark`s with such names, made in the page, part its tasks into steps. */
export function stepMark(name: string): string {
  return STEP + name;
}

/** Begins to trace the page of `session`. The returned function ends that, and gives the tasks of the thread that made the marks, from the first to the last of them. */
export async function traceTasks(session: TraceSession): Promise<() => Promise<readonly Task[]>> {
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value as readonly TraceEvent[]) if (isRead(event)) events.push(event);
  });
  await session.send('Tracing.start', { transferMode: 'ReportEvents', categories: CATEGORIES });
  return async () => {
    const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    await session.detach();
    return tasksOf(events);
  };
}

function isRead({ name }: TraceEvent): boolean {
  return name === 'RunTask' || name.startsWith(STEP);
}

function tasksOf(events: readonly TraceEvent[]): readonly Task[] {
  const marks = events.filter(({ name }) => name !== 'RunTask').toSorted((a, b) => a.ts - b.ts);
  const [first] = marks;
  if (first === undefined || marks.at(-1)?.name !== END_MARK) throw new Error('The trace has no steps, or no end.');
  return events
    .filter(({ name, pid, tid }) => name === 'RunTask' && pid === first.pid && tid === first.tid)
    .flatMap(({ ts, dur = 0, tdur }): readonly Task[] => {
      const mark = marks.findLast((one) => one.ts <= ts) ?? marks.find((one) => one.ts <= ts + dur);
      if (mark === undefined || mark.name === END_MARK) return [];
      if (tdur === undefined) throw new Error('The trace does not say for how long the thread ran.');
      // Threads' clocks step by 10 ms on some virtual machines: half a millisecond was told as ten. No thread runs for longer than the clock.
      return [{ cpuMs: Math.min(tdur, dur) / 1000, step: mark.name.slice(STEP.length) }];
    });
}
