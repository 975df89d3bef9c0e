import { NO_COUNTS, type DeviceCounters, type KernelTime } from '../../src/base/counters';
import {
  readbackBytes,
  type Device,
  type DeviceBuffer,
  type DeviceLoss,
  type PreparedPlan,
  type Readback,
} from '../../src/device/device';
import { gridOf, type Plan, type PlanStep } from '../../src/device/plan';

class RecordedBuffer implements DeviceBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;

  constructor(
    readonly label: string,
    readonly sizeBytes: number,
  ) {
    this.bytes = new Uint8Array(sizeBytes);
  }
}

class RecordedPlan implements PreparedPlan {
  constructor(readonly plan: Plan) {}

  get label(): string {
    return this.plan.label;
  }
}

export interface RecordedSubmit {
  readonly steps: readonly (Omit<PlanStep, 'plan'> & { readonly plan: Plan })[];
  readonly readbacks: readonly Readback[];
}

/**
 * A device that computes nothing: it holds the bytes that are written, and remembers what is asked of it. It counts what the WebGPU
 * device counts: a bind group for each dispatch of a plan that is prepared, and a pipeline the first time that it is met.
 */
export class RecordingDevice implements Device {
  readonly build = 'recorded';
  readonly name = 'recorder';
  readonly limits: Device['limits'];
  readonly lost: Promise<DeviceLoss> = new Promise(() => undefined);
  /** Buffers that exist, and plans that are prepared. */
  readonly buffers = new Set<RecordedBuffer>();
  readonly plans = new Set<PreparedPlan>();
  readonly submits: RecordedSubmit[] = [];
  flushes = 0;
  private readonly pipelines = new Set<string>();
  private readonly counts = { ...NO_COUNTS } as { -readonly [K in keyof DeviceCounters]: number };

  constructor(
    private readonly options: {
      readonly subgroups?: boolean;
      /** Called at each submission; what it throws or rejects with is what the submission rejects with. */
      readonly onSubmit?: (submit: RecordedSubmit) => void | Promise<void>;
    } = {},
    readonly kind: Device['kind'] = 'webgpu',
  ) {
    this.limits = {
      maxBufferBytes: 2 ** 31,
      maxBindingBytes: 2 ** 31,
      subgroups: options.subgroups ?? false,
      packedDot: true,
      shaderF16: true,
    };
  }

  get features(): readonly string[] {
    return this.limits.subgroups ? ['subgroups'] : [];
  }

  createBuffer(label: string, sizeBytes: number): DeviceBuffer {
    const buffer = new RecordedBuffer(label, Math.ceil(sizeBytes / 4) * 4);
    this.buffers.add(buffer);
    this.counts.buffersCreated += 1;
    return buffer;
  }

  destroyBuffer(buffer: DeviceBuffer): void {
    this.buffers.delete(recorded(buffer));
  }

  write(buffer: DeviceBuffer, offsetBytes: number, data: Uint8Array | Uint32Array): void {
    if (offsetBytes % 4 !== 0 || data.byteLength % 4 !== 0) throw new Error(`${buffer.label}: whole words are written`);
    recorded(buffer).bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offsetBytes);
    this.counts.bufferWrites += 1;
    this.counts.bytesWritten += data.byteLength;
  }

  async flush(): Promise<void> {
    this.flushes += 1;
  }

  async prepare(plan: Plan): Promise<PreparedPlan> {
    for (const { shader, modules, constants } of plan.dispatches) {
      this.pipelines.add(JSON.stringify([shader, modules, constants]));
      this.counts.bindGroupsCreated += 1;
    }
    this.counts.pipelinesCreated = this.pipelines.size;
    const prepared = new RecordedPlan(plan);
    this.plans.add(prepared);
    return prepared;
  }

  release(prepared: PreparedPlan): void {
    this.plans.delete(prepared);
  }

  async submit(steps: readonly PlanStep[], ...readbacks: readonly Readback[]): Promise<Uint8Array> {
    const submit = { steps: steps.map((step) => ({ ...step, plan: planOf(step.plan) })), readbacks };
    this.submits.push(submit);
    this.counts.submits += 1;
    this.counts.passes += 1;
    this.counts.readbacks += 1;
    this.counts.readbackBytes += readbackBytes(readbacks);
    for (const step of submit.steps) {
      for (const dispatch of step.plan.dispatches.filter((one) => gridOf(one, step) !== null)) {
        this.counts.dispatches += 1;
        this.counts.weightBytesRead += dispatch.weightBytesRead?.(step.rows) ?? 0;
      }
    }
    const parts = readbacks.map(({ buffer, sizeBytes }) => [...recorded(buffer).bytes.subarray(0, sizeBytes)]);
    const result = Uint8Array.from(parts.flat());
    await this.options.onSubmit?.(submit);
    return result;
  }

  releaseStaging(): void {
    // There is none.
  }

  counters(): DeviceCounters {
    return { ...this.counts };
  }

  kernelTimes(): readonly KernelTime[] {
    return [];
  }

  allocatedBytes(): number {
    return [...this.buffers].reduce((sum, buffer) => sum + buffer.sizeBytes, 0);
  }

  close(): void {
    this.buffers.clear();
    this.plans.clear();
  }

  /** What lies in a buffer now. */
  bytesOf(buffer: DeviceBuffer): Uint8Array<ArrayBuffer> {
    return recorded(buffer).bytes;
  }
}

function recorded(buffer: DeviceBuffer): RecordedBuffer {
  if (!(buffer instanceof RecordedBuffer)) throw new Error(`${buffer.label} belongs to the recorder`);
  return buffer;
}

function planOf(prepared: PreparedPlan): Plan {
  if (!(prepared instanceof RecordedPlan)) throw new Error(`${prepared.label} was prepared by the recorder`);
  return prepared.plan;
}
