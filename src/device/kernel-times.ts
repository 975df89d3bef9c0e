import type { KernelTime } from '../base/counters';

/** Adds up the GPU time of each kernel variant. */
export class KernelTimes {
  private readonly times = new Map<string, { dispatches: number; gpuMs: number }>();

  /** A dispatch of it took so long. */
  add(kernel: string, gpuMs: number): void {
    const known = this.times.get(kernel) ?? { dispatches: 0, gpuMs: 0 };
    this.times.set(kernel, { dispatches: known.dispatches + 1, gpuMs: known.gpuMs + Math.max(gpuMs, 0) });
  }

  list(): KernelTime[] {
    return [...this.times].map(([kernel, time]) => ({ kernel, ...time }));
  }
}
