import type { Clock } from '../../base/clock';
import { ForgelightError } from '../../base/errors';
import { divideUp, MIB } from '../../base/units';
import { openGpuDevice } from './adapter';

/** No kernel of the engine: it only copies. */
const COPY = `
@group(0) @binding(0) var<storage, read> source: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> copy: array<vec4u>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) { copy[id.x] = source[id.x]; }`;
const BYTES_A_WORKGROUP = 256 * 16;
/** Two of them are larger than the caches of adapters, of which some have 96 MiB; a binding of it is allowed on all. */
const BUFFER_BYTES = 128 * MIB;
const ROUNDS = 5;
/** Long beside a submission's own time. */
const ROUND_MS = 50;

/**
 * Bytes a second that a copying kernel reads and writes: the best of some rounds. Throws as `openGpuDevice`, `out-of-memory` where its buffers
 * cannot be made and `device-lost`.
 */
export async function measureBandwidth(gpu: GPU | undefined, clock: Clock): Promise<number> {
  const { device } = await openGpuDevice(gpu, {});
  const loss = device.lost.then(({ message }): never => {
    throw new ForgelightError('device-lost', `The device was lost (${message}). Measure again.`);
  });
  // Its end, which is not an error, comes when nobody waits.
  loss.catch(() => undefined);
  try {
    return await Promise.race([measure(device, clock), loss]);
  } finally {
    device.destroy();
  }
}

async function measure(device: GPUDevice, clock: Clock): Promise<number> {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const run = await copyRun(device, clock);
  await run(1); // the driver's own first time
  const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  const error = errors.find((one) => one !== null);
  if (error) {
    throw new ForgelightError(
      'out-of-memory',
      `Memory's speed cannot be measured: ${error.message}. Close tabs or programs that use the graphics adapter, and measure again.`,
    );
  }
  const repeats = Math.max(1, divideUp(ROUND_MS, Math.max(await run(1), 1)));
  let bestMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) bestMs = Math.min(bestMs, (await run(repeats)) / repeats);
  // A lost device answers at once, and may do so before it says that it is lost.
  if (bestMs > 0) return (2 * BUFFER_BYTES) / (bestMs / 1000);
  throw new ForgelightError('device-lost', 'The copies took no time: nothing was measured. Measure again.');
}

/** Copies so many times, and resolves with the milliseconds that it took. */
async function copyRun(device: GPUDevice, clock: Clock): Promise<(repeats: number) => Promise<number>> {
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: COPY }), entryPoint: 'main' },
  });
  const buffers = [0, 1].map(() => device.createBuffer({ size: BUFFER_BYTES, usage: GPUBufferUsage.STORAGE }));
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return async (repeats) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < repeats; i++) pass.dispatchWorkgroups(BUFFER_BYTES / BYTES_A_WORKGROUP);
    pass.end();
    const startMs = clock.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return clock.now() - startMs;
  };
}
