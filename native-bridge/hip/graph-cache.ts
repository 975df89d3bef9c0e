import type { PlanStep } from '../../src/device/plan';
import { HIP, type HipApi } from './hip-api';
import { planOf } from './hip-plan';

/** Prompts have chunks of any length; what comes back is a decode of so many requests. */
const MOST_GRAPHS = 48;

interface Recorded {
  readonly graph: bigint | null; // null: seen once
  readonly plans: readonly number[];
}

/**
 * Records a list of plans with their rows and ranges as a graph when it comes for the second time, and replays it from then on: one call instead of one a
 * kernel. Where recording fails it never tries again. Owned by the device.
 */
export class GraphCache {
  private readonly known = new Map<string, Recorded>();
  private broken: string | null = null;

  constructor(
    private readonly api: HipApi,
    private readonly stream: bigint,
    /** Destroys what the GPU may still be using. */
    private readonly later: (destroy: () => void) => void,
  ) {}

  /** Why there are no graphs; `null` as long as they work. */
  get problem(): string | null {
    return this.broken;
  }

  /** Runs the steps, whose launches `launch` makes, from their graph if there is one. Throws `HipError`. */
  run(steps: readonly PlanStep[], launch: () => void): void {
    if (this.broken !== null || steps.length === 0) return launch();
    const plans = steps.map(({ plan }) => planOf(plan).id);
    const key = steps.map(({ rows, ranges = 1 }, i) => `${plans[i]}:${rows}:${ranges}`).join();
    const found = this.known.get(key);
    this.known.delete(key);
    const graph = found === undefined ? null : (found.graph ?? this.record(launch));
    if (this.broken === null) this.keep(key, { graph, plans });
    if (graph === null) return launch();
    this.api.call('hipGraphLaunch', graph, this.stream);
  }

  private keep(key: string, recorded: Recorded): void {
    this.known.set(key, recorded);
    const [oldest] = this.known;
    if (this.known.size <= MOST_GRAPHS || oldest === undefined) return;
    this.known.delete(oldest[0]);
    this.destroy(oldest[1]);
  }

  private record(launch: () => void): bigint | null {
    try {
      this.api.call('hipStreamBeginCapture', this.stream, HIP.captureThreadLocal);
      const graph = this.captured(launch);
      const executable = this.api.make('hipGraphInstantiate', graph, 0n, 0n, 0);
      this.api.code('hipGraphDestroy', graph);
      return executable;
    } catch (error) {
      this.broken = error instanceof Error ? error.message : String(error);
      for (const recorded of this.known.values()) this.destroy(recorded);
      this.known.clear();
      return null;
    }
  }

  /** The capture is ended whatever happens: nothing else could be given to the stream before. */
  private captured(launch: () => void): bigint {
    const out = new BigUint64Array(1);
    try {
      launch();
    } catch (error) {
      this.api.code('hipStreamEndCapture', this.stream, out);
      if (out[0] !== undefined && out[0] !== 0n) this.api.code('hipGraphDestroy', out[0]);
      throw error;
    }
    this.api.call('hipStreamEndCapture', this.stream, out);
    return out[0] ?? 0n;
  }

  /** Nobody will run the plan again. */
  forget(plan: number): void {
    for (const [key, recorded] of [...this.known]) {
      if (!recorded.plans.includes(plan)) continue;
      this.known.delete(key);
      this.destroy(recorded);
    }
  }

  private destroy({ graph }: Recorded): void {
    if (graph !== null) this.later(() => this.api.code('hipGraphExecDestroy', graph));
  }

  free(): void {
    for (const { graph } of this.known.values()) if (graph !== null) this.api.code('hipGraphExecDestroy', graph);
    this.known.clear();
  }
}
