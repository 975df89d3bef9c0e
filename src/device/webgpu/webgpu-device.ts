import { assert } from '../../base/assert';
import { NO_COUNTS, type DeviceCounters, type KernelTime } from '../../base/counters';
import { ForgelightError } from '../../base/errors';
import { formatBytes, roundUp } from '../../base/units';
import {
  largestBufferBytes,
  type Device,
  type DeviceBuffer,
  type DeviceLimits,
  type DeviceLoss,
  type PreparedPlan,
  type Readback,
  readbackBytes,
} from '../device';
import { DISPATCH_PARAMS_BYTES, gridOf, type Dispatch, type Plan, type PlanStep } from '../plan';
import { hasShaderF16, openGpuDevice, PACKED_DOT, type AdapterOptions, type OpenedDevice } from './adapter';
import { PipelineCache } from './pipelines';
import { PassTimestamps, Profiler } from './profiler';
import { SHADER_BUILD } from './shaders.generated';
import { StagingRing } from './staging';

class GpuMemory implements DeviceBuffer {
  constructor(
    readonly label: string,
    readonly sizeBytes: number,
    readonly gpu: GPUBuffer,
  ) {}
}

interface PreparedDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly grid: Dispatch['grid'];
  readonly weightBytesRead: Dispatch['weightBytesRead'];
}

class GpuPlan implements PreparedPlan {
  constructor(
    readonly label: string,
    readonly dispatches: readonly PreparedDispatch[],
    readonly params: GpuMemory,
  ) {}
}

/** Opens the adapter that `gpu` (the host's `navigator.gpu`) offers. Throws `no-webgpu`, `no-adapter`, `missing-feature`. */
export async function createWebGpuDevice(gpu: GPU | undefined, options: AdapterOptions = {}): Promise<Device> {
  return new WebGpuDevice(await openGpuDevice(gpu, options), options);
}

/** The Device port over WebGPU: the only user of `GPUDevice`. */
export class WebGpuDevice implements Device {
  readonly kind = 'webgpu';
  readonly build = SHADER_BUILD;
  readonly name: string;
  readonly features: readonly string[];
  readonly isSoftware: boolean;
  readonly limits: DeviceLimits;
  readonly lost: Promise<DeviceLoss>;
  private readonly gpu: GPUDevice;
  private readonly pipelines: PipelineCache;
  private readonly staging: StagingRing;
  private readonly profiler: Profiler | null;
  private readonly live = new Set<GpuMemory>();
  private readonly counts = { ...NO_COUNTS } as { -readonly [K in keyof DeviceCounters]: number };
  /** What failed since the last `flush`. */
  private failures: Promise<GPUError | null>[] = [];
  private bytes = 0;

  constructor(
    { device: gpu, name, features, isSoftware }: OpenedDevice,
    { limits: lowered = {}, profile = false }: Pick<AdapterOptions, 'limits' | 'profile'> = {},
  ) {
    this.gpu = gpu;
    this.name = name;
    this.features = features;
    this.isSoftware = isSoftware;
    this.profiler = profile ? new Profiler() : null;
    this.pipelines = new PipelineCache(gpu, isSoftware && features.includes('subgroups'));
    this.staging = new StagingRing(gpu, () => (this.counts.buffersCreated += 1));
    // WebGPU gives no device less than its default limits, so what is lower is kept to here.
    const limit = (name: 'maxBufferSize' | 'maxStorageBufferBindingSize'): number =>
      Math.min(gpu.limits[name], lowered[name] ?? Infinity);
    this.limits = {
      maxBufferBytes: limit('maxBufferSize'),
      maxBindingBytes: limit('maxStorageBufferBindingSize'),
      subgroups: features.includes('subgroups'),
      packedDot: features.includes(PACKED_DOT),
      shaderF16: hasShaderF16(features, gpu.limits),
    };
    this.lost = gpu.lost.then(({ reason, message }) => ({
      reason: reason === 'destroyed' ? ('destroyed' as const) : ('unknown' as const),
      message,
    }));
  }

  createBuffer(label: string, sizeBytes: number): DeviceBuffer {
    const size = roundUp(Math.max(sizeBytes, 4), 4);
    const most = largestBufferBytes(this.limits);
    if (size > most) {
      throw new ForgelightError(
        'out-of-memory',
        `${label} needs one buffer of ${formatBytes(size)}; this adapter allows ${formatBytes(most)}. Choose a smaller model or a shorter context.`,
      );
    }
    return this.allocate(label, size, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST);
  }

  private allocate(label: string, size: number, usage: number): GpuMemory {
    this.gpu.pushErrorScope('out-of-memory');
    const memory = new GpuMemory(label, size, this.gpu.createBuffer({ label, size, usage }));
    this.failures.push(this.gpu.popErrorScope());
    this.live.add(memory);
    this.bytes += size;
    this.counts.buffersCreated += 1;
    return memory;
  }

  destroyBuffer(buffer: DeviceBuffer): void {
    const memory = memoryOf(buffer);
    if (!this.live.delete(memory)) return;
    this.bytes -= memory.sizeBytes;
    memory.gpu.destroy();
  }

  write(buffer: DeviceBuffer, offsetBytes: number, data: Uint8Array | Uint32Array): void {
    const memory = memoryOf(buffer);
    assert(this.live.has(memory), `${buffer.label} is not destroyed`);
    assert(offsetBytes % 4 === 0 && data.byteLength % 4 === 0, `whole words are written to ${buffer.label}`);
    this.gpu.queue.writeBuffer(memory.gpu, offsetBytes, data.buffer, data.byteOffset, data.byteLength);
    this.counts.bufferWrites += 1;
    this.counts.bytesWritten += data.byteLength;
  }

  async flush(): Promise<void> {
    const failures = this.failures;
    this.failures = [];
    const errors = await Promise.all(failures);
    const error = errors.find((found) => found !== null);
    if (error !== undefined && error !== null) {
      throw new ForgelightError(
        'out-of-memory',
        `The graphics memory is full (${formatBytes(this.bytes)} asked for): ${error.message}. Close other tabs, or choose a smaller model or a shorter context.`,
      );
    }
    await this.gpu.queue.onSubmittedWorkDone();
  }

  async prepare(plan: Plan): Promise<PreparedPlan> {
    const made = await Promise.all(plan.dispatches.map((dispatch) => this.pipelines.get(dispatch)));
    this.counts.pipelinesCreated = this.pipelines.created;
    const params = this.allocate(
      `${plan.label} params`,
      plan.dispatches.length * DISPATCH_PARAMS_BYTES,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    const blocks = new Uint32Array(params.sizeBytes / 4);
    plan.dispatches.forEach((dispatch, i) => blocks.set(dispatch.params, (i * DISPATCH_PARAMS_BYTES) / 4));
    this.write(params, 0, blocks);
    const step = memoryOf(plan.stepInput).gpu;
    const dispatches = plan.dispatches.map((dispatch, i) => {
      const kernel = made[i];
      assert(kernel !== undefined, 'a pipeline a dispatch');
      this.counts.bindGroupsCreated += 1;
      const bindGroup = this.gpu.createBindGroup({
        label: dispatch.shader,
        layout: kernel.layout,
        entries: [
          {
            binding: 0,
            resource: {
              buffer: params.gpu,
              offset: i * DISPATCH_PARAMS_BYTES,
              size: roundUp(dispatch.params.byteLength, 16),
            },
          },
          { binding: 1, resource: { buffer: step } },
          ...dispatch.buffers.map((use, j) => ({ binding: 2 + j, resource: { buffer: memoryOf(use.buffer).gpu } })),
        ],
      });
      const { grid, weightBytesRead } = dispatch;
      return { pipeline: kernel.pipeline, bindGroup, grid, weightBytesRead };
    });
    return new GpuPlan(plan.label, dispatches, params);
  }

  release(prepared: PreparedPlan): void {
    this.destroyBuffer(planOf(prepared).params);
  }

  submit(steps: readonly PlanStep[], ...readbacks: readonly Readback[]): Promise<Uint8Array> {
    const encoder = this.gpu.createCommandEncoder();
    const profile = this.profiler === null ? null : this.encodeTimed(encoder, steps, this.profiler);
    if (profile === null) this.encode(encoder, steps);
    const totalBytes = readbackBytes(readbacks);
    const staging = this.staging.take(totalBytes);
    let offset = 0;
    for (const { buffer, sizeBytes } of readbacks) {
      encoder.copyBufferToBuffer(memoryOf(buffer).gpu, 0, staging, offset, sizeBytes);
      offset += sizeBytes;
    }
    this.gpu.queue.submit([encoder.finish()]);
    this.counts.submits += 1;
    this.counts.readbacks += 1;
    this.counts.readbackBytes += totalBytes;
    const result = this.read(staging, totalBytes);
    return profile === null ? result : profile(result);
  }

  private encode(encoder: GPUCommandEncoder, steps: readonly PlanStep[]): void {
    const pass = encoder.beginComputePass();
    this.counts.passes += 1;
    for (const step of steps) {
      for (const dispatch of planOf(step.plan).dispatches) this.dispatch(pass, dispatch, step);
    }
    pass.end();
  }

  /** A pass a dispatch, with timestamps. What is returned waits for them behind the result. */
  private encodeTimed(
    encoder: GPUCommandEncoder,
    steps: readonly PlanStep[],
    profiler: Profiler,
  ): ((result: Promise<Uint8Array>) => Promise<Uint8Array>) | null {
    const work = steps.flatMap((step) =>
      planOf(step.plan).dispatches.flatMap((dispatch) => (gridOf(dispatch, step) === null ? [] : [{ dispatch, step }])),
    );
    if (work.length === 0) return null;
    const timestamps = new PassTimestamps(this.gpu, work.length);
    for (const [i, { dispatch, step }] of work.entries()) {
      const timestampWrites = timestamps.writesOf(i);
      const pass = encoder.beginComputePass(timestampWrites === undefined ? {} : { timestampWrites });
      this.counts.passes += 1;
      this.dispatch(pass, dispatch, step);
      pass.end();
    }
    timestamps.resolve(encoder);
    const { sizeBytes, buffer } = timestamps;
    const staging = this.staging.take(sizeBytes);
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, sizeBytes);
    return async (result) => {
      const bytes = await result;
      profiler.add(
        work.map(({ dispatch }) => dispatch.pipeline.label),
        await this.read(staging, sizeBytes),
      );
      timestamps.destroy();
      return bytes;
    };
  }

  private dispatch(pass: GPUComputePassEncoder, dispatch: PreparedDispatch, step: PlanStep): void {
    const grid = gridOf(dispatch, step);
    if (grid === null) return;
    pass.setPipeline(dispatch.pipeline);
    pass.setBindGroup(0, dispatch.bindGroup);
    pass.dispatchWorkgroups(...grid);
    this.counts.dispatches += 1;
    this.counts.weightBytesRead += dispatch.weightBytesRead?.(step.rows) ?? 0;
  }

  private async read(staging: GPUBuffer, sizeBytes: number): Promise<Uint8Array> {
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, sizeBytes);
    } catch (cause) {
      throw new ForgelightError('device-lost', 'The GPU was lost while it was working. Reload the model to go on.', {
        cause,
      });
    }
    const bytes = new Uint8Array(staging.getMappedRange(0, sizeBytes)).slice();
    staging.unmap();
    this.staging.giveBack(staging);
    return bytes;
  }

  releaseStaging(): void {
    this.staging.releaseIdle();
  }

  counters(): DeviceCounters {
    return { ...this.counts };
  }

  kernelTimes(): readonly KernelTime[] {
    return this.profiler?.kernelTimes() ?? [];
  }

  allocatedBytes(): number {
    return this.bytes;
  }

  close(): void {
    for (const memory of this.live) memory.gpu.destroy();
    this.live.clear();
    this.bytes = 0;
    this.staging.destroy();
    this.gpu.destroy();
  }
}

function memoryOf(buffer: DeviceBuffer): GpuMemory {
  assert(buffer instanceof GpuMemory, `${buffer.label} belongs to WebGPU`);
  return buffer;
}

function planOf(plan: PreparedPlan): GpuPlan {
  assert(plan instanceof GpuPlan, `${plan.label} was prepared by WebGPU`);
  return plan;
}
