import { assert } from '../../src/base/assert';
import { NO_COUNTS, type DeviceCounters, type KernelTime } from '../../src/base/counters';
import { ForgelightError } from '../../src/base/errors';
import { formatBytes, roundUp } from '../../src/base/units';
import {
  largestBufferBytes,
  type Device,
  type DeviceBuffer,
  type DeviceLimits,
  type DeviceLoss,
  type PreparedPlan,
  type Readback,
  readbackBytes,
} from '../../src/device/device';
import type { Dispatch, Plan, PlanStep } from '../../src/device/plan';
import type { CodeObjects } from './code-objects';
import { CompletionQueue } from './completion-queue';
import type { HipGpu } from './gpu-choice';
import { GraphCache } from './graph-cache';
import { HIP, HipError, type HipApi } from './hip-api';
import { HipMemory, memoryOf } from './hip-memory';
import { HipPlan, planOf, prepareDispatches } from './hip-plan';
import { KernelCache } from './kernel-cache';
import { KernelTimer, type TimedLaunch } from './kernel-timer';
import { ReadbackPool, UploadRing } from './pinned-memory';

/** Architectures without an instruction that adds up products of bytes. */
const WITHOUT_PACKED_DOT: readonly string[] = ['gfx1010'];

export interface HipDeviceOptions {
  readonly objects: CodeObjects;
  /** Of these, the architecture's. */
  readonly target: string;
  /** Measure the GPU time of each kernel: an event before and one behind each launch, and no graphs, so it is slower. */
  readonly profile?: boolean;
}

/**
 * The Device port over HIP: the only user of `HipApi`. One stream does everything in order. Whatever fails in HIP loses the device: its context is
 * not to be trusted after that, and another device needs another process. But for memory that is not there, which the next `flush` says.
 */
export class HipDevice implements Device {
  readonly kind = 'hip';
  readonly name: string;
  readonly build: string;
  readonly features: readonly string[];
  readonly limits: DeviceLimits;
  readonly lost: Promise<DeviceLoss>;
  private readonly stream: bigint;
  private readonly uploads: UploadRing;
  private readonly readbacks: ReadbackPool;
  private readonly completion: CompletionQueue;
  private readonly kernels: KernelCache;
  private readonly graphs: GraphCache;
  private readonly timer: KernelTimer | null;
  private readonly live = new Set<HipMemory>();
  private readonly counts = { ...NO_COUNTS } as { -readonly [K in keyof DeviceCounters]: number };
  /** Memory that could not be had since the last `flush`. */
  private outOfMemory: string | null = null;
  private bytes = 0;
  private plans = 0;
  private loss: DeviceLoss | null = null;
  private resolveLost: (loss: DeviceLoss) => void = () => undefined;

  /** Takes the device for this thread. Throws `HipError`. */
  constructor(
    private readonly api: HipApi,
    gpu: HipGpu,
    { objects, target, profile = false }: HipDeviceOptions,
  ) {
    api.call('hipSetDevice', gpu.index);
    this.stream = api.make('hipStreamCreateWithFlags', HIP.nonBlocking);
    const onCreate = (): unknown => (this.counts.buffersCreated += 1);
    this.uploads = new UploadRing(api, this.stream, onCreate);
    this.readbacks = new ReadbackPool(api, onCreate);
    this.completion = new CompletionQueue(api, this.stream, (error) => this.lose(error));
    this.kernels = new KernelCache(api, objects, target);
    this.graphs = new GraphCache(api, this.stream, (destroy) => this.afterwards(destroy));
    this.timer = profile ? new KernelTimer(api, this.stream) : null;
    this.name = `${gpu.name} (${gpu.gfx})`;
    this.build = `${objects.build}-${target}`;
    // Another driver may compute otherwise: what was measured or tested with this one is kept under its number.
    this.features = ['hip', gpu.gfx, `wave${gpu.waveSize}`, `driver${api.number('hipDriverGetVersion')}`];
    const memoryBytes = memoryInfo(api).totalBytes;
    this.limits = {
      maxBufferBytes: memoryBytes,
      maxBindingBytes: memoryBytes,
      subgroups: true,
      packedDot: !WITHOUT_PACKED_DOT.includes(target),
      shaderF16: false, // kernels with rows of halves are not ported: those of bytes are as fast
    };
    this.lost = new Promise((resolve) => (this.resolveLost = resolve));
  }

  /** Memory that nobody has now, this device or another program. */
  freeBytes(): number {
    return memoryInfo(this.api).freeBytes;
  }

  createBuffer(label: string, sizeBytes: number): DeviceBuffer {
    const size = roundUp(Math.max(sizeBytes, 4), 4);
    const most = largestBufferBytes(this.limits);
    if (size > most) {
      throw new ForgelightError(
        'out-of-memory',
        `${label} needs one buffer of ${formatBytes(size)}; ${this.name} allows ${formatBytes(most)}. Choose a smaller model or a shorter context.`,
      );
    }
    const memory = new HipMemory(label, size, this.attempt(() => this.zeroed(label, size)) ?? 0n);
    this.live.add(memory);
    this.bytes += size;
    this.counts.buffersCreated += 1;
    return memory;
  }

  private zeroed(label: string, size: number): bigint {
    const out = new BigUint64Array(1);
    const code = this.api.code('hipMalloc', out, size);
    if (code === HIP.outOfMemory) {
      this.outOfMemory ??= `${label} of ${formatBytes(size)}`;
      return 0n;
    }
    if (code !== 0) throw this.api.error('hipMalloc', code);
    const pointer = out[0] ?? 0n;
    this.api.call('hipMemsetAsync', pointer, 0, size, this.stream);
    return pointer;
  }

  destroyBuffer(buffer: DeviceBuffer): void {
    const memory = memoryOf(buffer);
    if (!this.live.delete(memory)) return;
    this.bytes -= memory.sizeBytes;
    if (memory.pointer !== 0n) this.afterwards(() => this.api.code('hipFree', memory.pointer));
  }

  write(buffer: DeviceBuffer, offsetBytes: number, data: Uint8Array | Uint32Array): void {
    const memory = memoryOf(buffer);
    assert(this.live.has(memory), `${buffer.label} is not destroyed`);
    assert(offsetBytes % 4 === 0 && data.byteLength % 4 === 0, `whole words are written to ${buffer.label}`);
    assert(offsetBytes + data.byteLength <= memory.sizeBytes, `what is written to ${buffer.label} lies within it`);
    this.counts.bufferWrites += 1;
    this.counts.bytesWritten += data.byteLength;
    if (memory.pointer === 0n) return;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.attempt(() => this.uploads.write(memory.pointer + BigInt(offsetBytes), bytes));
  }

  async flush(): Promise<void> {
    const missing = this.outOfMemory;
    this.outOfMemory = null;
    if (missing !== null) {
      throw new ForgelightError(
        'out-of-memory',
        `The memory of ${this.name} is full (${formatBytes(this.bytes)} asked for, there was no room for ${missing}). Close other programs that use it, or choose a smaller model or a shorter context.`,
      );
    }
    await this.finished(() => undefined);
  }

  async prepare(plan: Plan): Promise<PreparedPlan> {
    this.counts.bufferWrites += 1; // as WebGPU, whose parameters lie in a buffer
    try {
      const dispatches = await prepareDispatches(this.api, plan, (dispatch: Dispatch) => this.kernels.get(dispatch));
      this.counts.pipelinesCreated = this.kernels.created;
      this.counts.bindGroupsCreated += dispatches.length;
      this.plans += 1;
      return new HipPlan(this.plans, plan.label, dispatches);
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      throw this.lose(error);
    }
  }

  release(prepared: PreparedPlan): void {
    this.graphs.forget(planOf(prepared).id);
  }

  submit(steps: readonly PlanStep[], ...readbacks: readonly Readback[]): Promise<Uint8Array> {
    for (const { buffer, sizeBytes } of readbacks)
      assert(sizeBytes <= memoryOf(buffer).sizeBytes, `what is read back from ${buffer.label} lies within it`);
    const totalBytes = readbackBytes(readbacks);
    this.counts.submits += 1;
    this.counts.passes += 1;
    this.counts.readbacks += 1;
    this.counts.readbackBytes += totalBytes;
    for (const step of steps) {
      for (const dispatch of planOf(step.plan).dispatches.filter((one) => one.runsIn(step))) {
        this.counts.dispatches += 1;
        this.counts.weightBytesRead += dispatch.weightBytesRead(step.rows);
      }
    }
    return this.finished(() => {
      const measured = this.launch(steps);
      const staging = this.readbacks.take(totalBytes);
      this.copyBack(readbacks, staging.pointer);
      return () => {
        measured();
        const bytes = staging.bytes.slice(0, totalBytes);
        this.readbacks.giveBack(staging);
        return bytes;
      };
    }).then((result) => this.orLose(result));
  }

  private copyBack(readbacks: readonly Readback[], to: bigint): void {
    let offset = 0;
    for (const { buffer, sizeBytes } of readbacks) {
      const from = memoryOf(buffer).pointer;
      this.api.call('hipMemcpyAsync', to + BigInt(offset), from, sizeBytes, HIP.deviceToHost, this.stream);
      offset += sizeBytes;
    }
  }

  /** What is returned adds up what the kernels took, where that is measured, once they are done. */
  private launch(steps: readonly PlanStep[]): () => void {
    if (this.timer !== null) {
      const launchesOf = (step: PlanStep): readonly TimedLaunch[] =>
        planOf(step.plan)
          .dispatches.filter((dispatch) => dispatch.runsIn(step))
          .map((dispatch) => ({ kernel: dispatch.variant, launch: () => dispatch.launch(step, this.stream) }));
      return this.timer.run(steps.flatMap(launchesOf));
    }
    this.graphs.run(steps, () => {
      for (const step of steps) {
        for (const dispatch of planOf(step.plan).dispatches) dispatch.launch(step, this.stream);
      }
    });
    return () => undefined;
  }

  /** Throws `device-lost` where HIP fails. */
  private orLose<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      throw this.lose(error);
    }
  }

  /** What `give` gives, once the stream has done all that it has by then. Rejects with `device-lost`. */
  private finished<T>(give: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.loss !== null) return reject(lostError(this.loss.message));
      try {
        const given = give();
        this.completion.whenDone(
          () => resolve(given),
          (error) => reject(lostError(error.message, error)),
        );
      } catch (error) {
        if (!(error instanceof HipError)) return reject(error);
        reject(this.lose(error));
      }
    });
  }

  releaseStaging(): void {
    this.attempt(() => this.readbacks.releaseIdle());
  }

  counters(): DeviceCounters {
    return { ...this.counts };
  }

  kernelTimes(): readonly KernelTime[] {
    return this.timer?.kernelTimes() ?? [];
  }

  allocatedBytes(): number {
    return this.bytes;
  }

  close(): void {
    if (this.loss?.reason === 'destroyed') return;
    const working = this.loss === null;
    this.loss = { reason: 'destroyed', message: 'The device was closed.' };
    this.resolveLost(this.loss);
    // After an error the context is gone, and what it held with it.
    if (working) this.freeAll();
  }

  private freeAll(): void {
    this.api.code('hipStreamSynchronize', this.stream);
    this.completion.fail(new HipError('close', 0, 'the device was closed'));
    this.completion.free();
    this.graphs.free();
    this.timer?.free();
    this.uploads.free();
    this.readbacks.free();
    for (const { pointer } of this.live) if (pointer !== 0n) this.api.code('hipFree', pointer);
    this.live.clear();
    this.bytes = 0;
    this.kernels.free();
    this.api.code('hipStreamDestroy', this.stream);
  }

  /** Destroys something when the GPU cannot be using it any more. */
  private afterwards(destroy: () => void): void {
    this.attempt(() => {
      if (this.completion.isIdle) destroy();
      else this.completion.whenDone(destroy, () => undefined);
    });
  }

  /** Nothing happens on a device that is lost, as on WebGPU; and what fails loses it. */
  private attempt<T>(work: () => T): T | null {
    if (this.loss !== null) return null;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof HipError)) throw error;
      this.lose(error);
      return null;
    }
  }

  private lose(error: HipError): ForgelightError {
    if (this.loss === null) {
      this.loss = { reason: 'unknown', message: error.message };
      this.completion.fail(error);
      this.resolveLost(this.loss);
    }
    return lostError(this.loss.message, error);
  }
}

function lostError(reason: string, cause?: unknown): ForgelightError {
  return new ForgelightError('device-lost', `The GPU was lost: ${reason}. Load the model again to go on.`, { cause });
}

function memoryInfo(api: HipApi): { readonly freeBytes: number; readonly totalBytes: number } {
  const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)];
  api.call('hipMemGetInfo', free, total);
  return { freeBytes: Number(free[0] ?? 0n), totalBytes: Number(total[0] ?? 0n) };
}
