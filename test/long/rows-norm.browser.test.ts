import { expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { SHADERS } from '../../src/device/webgpu/shaders.generated';
import { shaderText } from '../../src/device/webgpu/shader-text';
import { EPILOGUE_CODES } from '../../src/kernels/linear';
import { Q4_1 } from '../../src/quant/q4_1';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { Random } from '../kernels/random';

// What it would cost `rows`, the shape for software adapters, to norm what it reads: the producer has written x ∘ norm, and each workgroup
// adds the squares of x up, behind one barrier. ARCHITECTURE.md has the outcome.

const COLUMNS = 576;
const ROWS = 1536; // of gate, and as many of up, as in SmolLM2-135M
const LAYERS = 30;
const ROUNDS = 15;
const EPSILON = 1e-5;

const random = new Random(1);
const x = random.floats(COLUMNS);
const norm = random.floats(COLUMNS, 0.5, 2);
const weights = sampleBlocks(Q4_1, (2 * ROWS * COLUMNS) / Q4_1.blockElements, random.draw);

/** `matvec_rows` whose workgroups share the sum of squares. */
function normedRows(plain: string): string {
  const opening = /@compute\s+@workgroup_size\(64\)\s+fn main\(@builtin\(global_invocation_id\) id: vec3u\) \{/;
  const normed = plain
    .replace(
      opening,
      `@group(0) @binding(5) var<storage, read> raw: array<vec4f>;
      var<workgroup> shares: array<f32, 64>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
        var share = 0.0;
        for (var i = local; i < params.units * 8u; i += 64u) { share += dot(raw[i], raw[i]); }
        shares[local] = share;
        workgroupBarrier();
        var squares = 0.0;
        for (var i = 0u; i < 64u; i++) { squares += shares[i]; }
        let rstd = inverseSqrt(squares / f32(params.units * 32u) + params.epsilon);`,
    )
    .replace(/dot\((sums|ups)\[b\]/g, (call) => `rstd * ${call}`);
  expect(normed.match(/rstd/g)).toHaveLength(3);
  return normed;
}

class Bench {
  readonly y = this.buffer(ROWS * 4);
  readonly normed = this.buffer(
    COLUMNS * 4,
    x.map((value, k) => value * defined(norm[k], 'a weight of the norm')),
  );
  private readonly x = this.buffer(COLUMNS * 4, x);
  private readonly weights = this.buffer(weights.byteLength, weights);
  private readonly step = this.buffer(4096, new Uint32Array(1024).fill(1));

  constructor(private readonly device: GPUDevice) {}

  private buffer(
    size: number,
    data?: Uint8Array | Uint32Array | Float32Array,
    usage = GPUBufferUsage.STORAGE,
  ): GPUBuffer {
    const buffer = this.device.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
    if (data !== undefined) this.device.queue.writeBuffer(buffer, 0, data.slice());
    return buffer;
  }

  /** One layer's dispatches; each binding by its number. */
  async dispatch(
    code: string,
    constants: Record<string, number>,
    words: readonly (number | readonly [f32: number])[],
    bound: ReadonlyMap<number, GPUBuffer>,
    groups: number,
  ): Promise<(pass: GPUComputePassEncoder) => void> {
    const { device } = this;
    const params = new Uint32Array(64);
    const floats = new Float32Array(params.buffer);
    words.forEach((word, at) => (typeof word === 'number' ? (params[at] = word) : (floats[at] = word[0])));
    const module = device.createShaderModule({ code });
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module, constants } });
    const all = new Map([[0, this.buffer(256, params, GPUBufferUsage.UNIFORM)], [1, this.step], ...bound]);
    const entries = [...all].map(([binding, buffer]) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    return (pass) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups);
    };
  }

  matvec(code: string, input: GPUBuffer, isNormed: boolean): ReturnType<Bench['dispatch']> {
    const words = [ROWS, COLUMNS / 32, 0, ROWS, 0, [1], 0, [EPSILON]] as const;
    const bound = new Map([[2, this.weights], [3, input], [4, this.y], ...(isNormed ? [[5, this.x] as const] : [])]);
    return this.dispatch(code, { EPILOGUE: EPILOGUE_CODES.glu, BATCH: 1 }, [...words], bound, ROWS / 64);
  }

  rmsnorm(code: string, to: GPUBuffer): ReturnType<Bench['dispatch']> {
    const bound = new Map([
      [2, this.x],
      [3, this.buffer(COLUMNS * 4, norm)],
      [4, to],
    ]);
    return this.dispatch(code, { EPILOGUE: EPILOGUE_CODES.store }, [COLUMNS / 4, [EPSILON], 0, [1]], bound, 1);
  }

  scratch(): GPUBuffer {
    return this.buffer(COLUMNS * 4);
  }

  /** Milliseconds of all layers in one submit. */
  async time(layer: readonly ((pass: GPUComputePassEncoder) => void)[]): Promise<number> {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < LAYERS; i++) for (const encode of layer) encode(pass);
    pass.end();
    const start = performance.now();
    this.device.queue.submit([encoder.finish()]);
    await this.device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  }

  async result(): Promise<Float32Array> {
    const staging = this.device.createBuffer({
      size: ROWS * 4,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.y, staging);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    return new Float32Array(staging.getMappedRange().slice(0));
  }
}

it('gate and up that norm what they read are right, and take their time', async () => {
  const device = await defined((await navigator.gpu.requestAdapter()) ?? undefined, 'an adapter').requestDevice();
  device.pushErrorScope('validation');
  const bench = new Bench(device);
  const plain = defined(shaderText(SHADERS, 'matvec_rows', { quant: Q4_1.module }) ?? undefined, 'the shader');
  const scratch = bench.scratch();
  const apart = [
    await bench.rmsnorm(defined(shaderText(SHADERS, 'rmsnorm', {}) ?? undefined, 'the shader'), scratch),
    await bench.matvec(plain, scratch, false),
  ];
  const joined = [await bench.matvec(normedRows(plain), bench.normed, true)];
  await bench.time(apart);
  const expected = await bench.result();
  await bench.time(joined);
  const actual = await bench.result();
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expected.forEach((value, row) =>
    expect(Math.abs(value - defined(actual[row], 'a sum'))).toBeLessThan(1e-5 * largest),
  );

  let apartMs = Infinity;
  let joinedMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    apartMs = Math.min(apartMs, await bench.time(apart));
    joinedMs = Math.min(joinedMs, await bench.time(joined));
  }
  expect(await device.popErrorScope()).toBeNull();
  console.log(
    `norm and rows apart ${apartMs.toFixed(0)} ms, joined ${joinedMs.toFixed(0)} ms: ${(joinedMs / apartMs).toFixed(2)} times as long`,
  );
  device.destroy();
});
