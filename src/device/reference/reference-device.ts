import { assert } from '../../base/assert';
import { NO_COUNTS, type DeviceCounters, type KernelTime } from '../../base/counters';
import { ForgelightError } from '../../base/errors';
import { formatBytes, GIB, MIB, roundUp } from '../../base/units';
import {
  largestBufferBytes,
  type Device,
  type DeviceBuffer,
  type DeviceLoss,
  type PreparedPlan,
  type Readback,
  readbackBytes,
} from '../device';
import { gridOf, type Dispatch, type Plan, type PlanStep } from '../plan';
import { KernelRun } from './kernel-run';
import { Memory } from './memory';
import { REFERENCE_KERNELS } from './registry';
import { StepReader } from './step-reader';
import { WeightRows } from './weight-rows';

const MAX_BUFFER_BYTES = 2 * GIB;
/** WebGPU's limit, held here too: a plan that runs on the oracle must run on a GPU. */
const MAX_GROUPS = 65_535;
const WEIGHT_CACHE_BYTES = 768 * MIB;

class ReferencePlan implements PreparedPlan {
  released = false;

  constructor(readonly plan: Plan) {}

  get label(): string {
    return this.plan.label;
  }
}

/**
 * The slow, exact oracle on the CPU: f32 storage, sums in doubles. Work is done inside `submit`, before it returns.
 * What a GPU would forgive or answer with zeros is an `InvariantError` here: destroyed buffers, accesses out of bounds,
 * a buffer both read and written by one dispatch, too large a grid.
 */
export function createReferenceDevice(): Device {
  return new ReferenceDevice();
}

class ReferenceDevice implements Device {
  readonly kind = 'reference';
  readonly build = 'reference';
  readonly name = 'CPU reference';
  readonly features = [];
  readonly limits = {
    maxBufferBytes: MAX_BUFFER_BYTES,
    maxBindingBytes: MAX_BUFFER_BYTES,
    subgroups: false,
    packedDot: true,
    shaderF16: true,
  };
  readonly lost: Promise<DeviceLoss>;
  private readonly live = new Set<Memory>();
  private readonly variants = new Set<string>();
  private readonly weights = new WeightRows(WEIGHT_CACHE_BYTES);
  private readonly counts = { ...NO_COUNTS } as { -readonly [K in keyof DeviceCounters]: number };
  private closed = false;
  private resolveLost: (loss: DeviceLoss) => void = () => undefined;

  constructor() {
    this.lost = new Promise((resolve) => (this.resolveLost = resolve));
  }

  createBuffer(label: string, sizeBytes: number): DeviceBuffer {
    assert(!this.closed, 'the device is not closed');
    const size = roundUp(Math.max(sizeBytes, 4), 4);
    const most = largestBufferBytes(this.limits);
    if (size > most) {
      throw new ForgelightError(
        'out-of-memory',
        `${label} needs one buffer of ${formatBytes(size)}; the CPU reference allows ${formatBytes(most)}. Choose a smaller model or a shorter context.`,
      );
    }
    const memory = new Memory(label, size);
    this.live.add(memory);
    this.counts.buffersCreated += 1;
    return memory;
  }

  destroyBuffer(buffer: DeviceBuffer): void {
    const memory = memoryOf(buffer);
    this.weights.forget(memory);
    this.live.delete(memory);
    memory.destroy();
  }

  write(buffer: DeviceBuffer, offsetBytes: number, data: Uint8Array | Uint32Array): void {
    const memory = memoryOf(buffer);
    assert(offsetBytes % 4 === 0 && data.byteLength % 4 === 0, `whole words are written to ${buffer.label}`);
    memory.bytes(offsetBytes, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    memory.revision += 1;
    this.counts.bufferWrites += 1;
    this.counts.bytesWritten += data.byteLength;
  }

  async flush(): Promise<void> {}

  async prepare(plan: Plan): Promise<PreparedPlan> {
    for (const dispatch of plan.dispatches) {
      checkUses(plan, dispatch);
      this.variants.add(JSON.stringify([dispatch.shader, dispatch.modules, dispatch.constants]));
    }
    this.counts.pipelinesCreated = this.variants.size;
    this.counts.bindGroupsCreated += plan.dispatches.length;
    return new ReferencePlan(plan);
  }

  release(prepared: PreparedPlan): void {
    planOf(prepared).released = true;
  }

  async submit(steps: readonly PlanStep[], ...readbacks: readonly Readback[]): Promise<Uint8Array> {
    if (this.closed) {
      throw new ForgelightError('device-lost', 'The device was closed. Create a new engine to go on.');
    }
    for (const step of steps) this.runStep(step);
    this.counts.submits += 1;
    this.counts.passes += 1;
    const bytes = new Uint8Array(readbackBytes(readbacks));
    let offset = 0;
    for (const { buffer, sizeBytes } of readbacks) {
      assert(sizeBytes % 4 === 0, `whole words are read back from ${buffer.label}`);
      bytes.set(memoryOf(buffer).bytes(0, sizeBytes), offset);
      offset += sizeBytes;
    }
    this.counts.readbacks += 1;
    this.counts.readbackBytes += bytes.length;
    return bytes;
  }

  private runStep(of: PlanStep): void {
    const { rows } = of;
    const { plan, released } = planOf(of.plan);
    assert(!released, `${plan.label} is not released`);
    const step = new StepReader(memoryOf(plan.stepInput));
    for (const dispatch of plan.dispatches) {
      const grid = gridOf(dispatch, of);
      if (grid === null) continue;
      assert(
        grid.every((groups) => groups <= MAX_GROUPS),
        `the grid ${grid.join(' × ')} of ${dispatch.shader} fits`,
      );
      const memories = dispatch.buffers.map((use) => memoryOf(use.buffer));
      REFERENCE_KERNELS[dispatch.kernel](new KernelRun(dispatch, rows, grid, step, this.weights, memories));
      dispatch.buffers.forEach((use) => {
        if (use.access === 'write') memoryOf(use.buffer).revision += 1;
      });
      this.counts.dispatches += 1;
      this.counts.weightBytesRead += dispatch.weightBytesRead?.(rows) ?? 0;
    }
  }

  releaseStaging(): void {
    // Results are copied straight to the caller.
  }

  counters(): DeviceCounters {
    return { ...this.counts };
  }

  kernelTimes(): readonly KernelTime[] {
    return [];
  }

  allocatedBytes(): number {
    let sum = 0;
    for (const memory of this.live) sum += memory.sizeBytes;
    return sum;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const memory of this.live) this.destroyBuffer(memory);
    this.resolveLost({ reason: 'destroyed', message: 'The device was closed.' });
  }
}

/** WebGPU refuses a dispatch that reads and writes one buffer through two bindings; so does the oracle. */
function checkUses(plan: Plan, dispatch: Dispatch): void {
  const uses = [{ buffer: plan.stepInput, access: 'read' }, ...dispatch.buffers];
  for (const { buffer, access } of uses) {
    const others = uses.filter((use) => use.buffer === buffer).length;
    assert(
      access === 'read' || others === 1,
      `${dispatch.shader} writes ${buffer.label} through its only binding of it`,
    );
  }
}

function memoryOf(buffer: DeviceBuffer): Memory {
  assert(buffer instanceof Memory, `${buffer.label} belongs to the reference device`);
  return buffer;
}

function planOf(plan: PreparedPlan): ReferencePlan {
  assert(plan instanceof ReferencePlan, `${plan.label} was prepared by the reference device`);
  return plan;
}
