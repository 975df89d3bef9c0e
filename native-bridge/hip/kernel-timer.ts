import type { KernelTime } from '../../src/base/counters';
import { KernelTimes } from '../../src/device/kernel-times';
import { HIP, type HipApi } from './hip-api';

/** A dispatch of the stream, by its kernel variant. */
export interface TimedLaunch {
  readonly kernel: string;
  readonly launch: () => void;
}

interface Pair {
  readonly kernel: string;
  readonly start: bigint;
  readonly end: bigint;
}

/** Adds up the GPU time of each kernel variant, between an event before and one behind each launch. Owned by the device, until `free`. */
export class KernelTimer {
  private readonly times = new KernelTimes();
  private readonly spare: bigint[] = [];
  private readonly made: bigint[] = [];

  constructor(
    private readonly api: HipApi,
    private readonly stream: bigint,
  ) {}

  /** Launches each between two events. What is returned adds their times up, once the stream has done them. Both throw `HipError`. */
  run(launches: readonly TimedLaunch[]): () => void {
    const pairs = launches.map(({ kernel, launch }): Pair => {
      const start = this.record();
      launch();
      return { kernel, start, end: this.record() };
    });
    return () => {
      for (const { kernel, start, end } of pairs) this.times.add(kernel, this.millisecondsBetween(start, end));
      this.spare.push(...pairs.flatMap(({ start, end }) => [start, end]));
    };
  }

  private record(): bigint {
    const event = this.spare.pop() ?? this.make();
    this.api.call('hipEventRecord', event, this.stream);
    return event;
  }

  private make(): bigint {
    const event = this.api.make('hipEventCreateWithFlags', HIP.eventWithTiming);
    this.made.push(event);
    return event;
  }

  private millisecondsBetween(start: bigint, end: bigint): number {
    const out = new Float32Array(1);
    this.api.call('hipEventElapsedTime', out, start, end);
    return out[0] ?? 0;
  }

  kernelTimes(): readonly KernelTime[] {
    return this.times.list();
  }

  free(): void {
    for (const event of this.made.splice(0)) this.api.code('hipEventDestroy', event);
    this.spare.length = 0;
  }
}
