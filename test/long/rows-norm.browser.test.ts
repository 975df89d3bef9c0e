import { expect, it } from 'vitest';
import { defined } from '../../src/base/assert';
import { SHADERS } from '../../src/device/webgpu/shaders.generated';
import { shaderText } from '../../src/device/webgpu/shader-text';
import { EPILOGUE_CODES, matvecParams } from '../../src/kernels/linear';
import { qkvParams } from '../../src/kernels/qkv';
import { rmsnormParams } from '../../src/kernels/rmsnorm';
import { encodeStepInput } from '../../src/kernels/step-input';
import { Q4_1 } from '../../src/quant/q4_1';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { Random } from '../kernels/random';

// What it costs `rows`, the shape for software adapters, to norm what it reads, each thread for itself: against a norm in a dispatch of its
// own before it, at the sizes of SmolLM2-135M.

const COLUMNS = 576;
const [HEADS, KV_HEADS, HEAD_SIZE] = [9, 3, 64] as const;
const ROUNDS = 15;
const EPSILON = 1e-5;
const MAX_ROWS = 4;

type Encode = (pass: GPUComputePassEncoder) => void;

interface Kernel {
  readonly shader: string;
  readonly modules: Parameters<typeof shaderText>[2];
  readonly constants: Record<string, number>;
  readonly params: Uint32Array;
  /** Each by its number. */
  readonly bound: readonly (readonly [number, GPUBuffer])[];
  readonly grid: readonly [number, number, number];
}

/** A linear layer: what it is, how many weight rows, of which 64 pairs or rows go to a workgroup, and how often a submit has it. */
interface Layer {
  readonly name: string;
  readonly weightRows: number;
  readonly groups: number;
  readonly times: number;
}

const QKV: Layer = { name: 'Q, K and V', weightRows: 960, groups: 8, times: 30 };
const GATE_UP: Layer = { name: 'gate and up', weightRows: 3072, groups: 24, times: 12 };
const HEAD: Layer = { name: 'a slice of the head', weightRows: 3072, groups: 48, times: 12 };

class Bench {
  readonly y = this.buffer(MAX_ROWS * 3072 * 4);
  private readonly random = new Random(1);
  private readonly x = this.buffer(MAX_ROWS * COLUMNS * 4, this.random.floats(MAX_ROWS * COLUMNS));
  private readonly norm = this.buffer(COLUMNS * 4, this.random.floats(COLUMNS, 0.5, 2));
  private readonly normed = this.buffer(MAX_ROWS * COLUMNS * 4);
  private readonly kv = this.buffer(1 << 20);
  private readonly weights: GPUBuffer;
  private readonly step: GPUBuffer;

  constructor(
    private readonly device: GPUDevice,
    private readonly layer: Layer,
    private readonly rows: number,
  ) {
    const blocks = (layer.weightRows * COLUMNS) / Q4_1.blockElements;
    const weights = sampleBlocks(Q4_1, blocks, this.random.draw);
    this.weights = this.buffer(weights.byteLength, weights);
    const step = encodeStepInput(
      Array.from({ length: rows }, (_, position) => ({ token: 0, position, slot: 0, blocks: [0] })),
      [],
      [() => new Float32Array(HEAD_SIZE).fill(0.5)],
    );
    this.step = this.buffer(step.byteLength, step);
  }

  private buffer(
    size: number,
    data?: Uint8Array | Uint32Array | Float32Array,
    usage = GPUBufferUsage.STORAGE,
  ): GPUBuffer {
    const buffer = this.device.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
    if (data !== undefined) this.device.queue.writeBuffer(buffer, 0, data.slice());
    return buffer;
  }

  private async encode({ shader, modules, constants, params, bound, grid }: Kernel): Promise<Encode> {
    const { device } = this;
    const reads = SHADERS.kernels[shader]?.takes.reads === undefined ? {} : { reads: 'each' };
    const code = defined(shaderText(SHADERS, shader, { ...modules, ...reads }) ?? undefined, 'the shader');
    const module = device.createShaderModule({ code });
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module, constants } });
    const uniform = this.buffer(256, params, GPUBufferUsage.UNIFORM);
    const all = [[0, uniform] as const, [1, this.step] as const, ...bound];
    const entries = all.map(([binding, buffer]) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    return (pass) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...grid);
    };
  }

  /** The layer, of x or of what is normed before. */
  private async product(isNormed: boolean): Promise<Encode> {
    const { layer, rows, norm, weights, y, kv } = this;
    const x = isNormed ? this.x : this.normed;
    const constants = { BATCH: rows, NORM: isNormed ? 1 : 0 };
    const [units, plane, epsilon] = [COLUMNS / 32, 0, EPSILON];
    const grid = [layer.groups, 1, 1] as const;
    const bound = [
      [2, weights],
      [3, x],
      [5, norm],
    ] as const;
    if (layer === QKV) {
      const shape = { heads: HEADS, kvHeads: KV_HEADS, headSize: HEAD_SIZE, pairs: HEAD_SIZE / 2 };
      return await this.encode({
        shader: 'qkv_rows',
        modules: { quant: Q4_1.module, kv: 'f16' },
        constants: { ...constants, BLOCK_TOKENS: 16 },
        params: qkvParams.encode({ ...shape, units, plane, table: 0, vPlane: 1 << 17, pool: 0, epsilon }),
        bound: [...bound, [4, kv], [6, y]],
        grid,
      });
    }
    const outputs = layer === GATE_UP ? layer.weightRows / 2 : layer.weightRows;
    const shape = { rows: outputs, yStride: outputs, yOffset: 0, scale: 1, ofOutputs: 0 };
    return await this.encode({
      shader: 'matvec_rows',
      modules: { quant: Q4_1.module },
      constants: { ...constants, EPILOGUE: layer === GATE_UP ? EPILOGUE_CODES.glu : EPILOGUE_CODES.store },
      params: matvecParams.encode({ ...shape, units, plane, epsilon }),
      bound: [...bound, [4, y]],
      grid,
    });
  }

  async apart(): Promise<readonly Encode[]> {
    const norm = await this.encode({
      shader: 'rmsnorm',
      modules: {},
      constants: { EPILOGUE: EPILOGUE_CODES.store },
      params: rmsnormParams.encode({ quads: COLUMNS / 4, epsilon: EPSILON, ofOutputs: 0, scale: 1 }),
      bound: [
        [2, this.x],
        [3, this.norm],
        [4, this.normed],
      ],
      grid: [1, this.rows, 1],
    });
    return [norm, await this.product(false)];
  }

  async joined(): Promise<readonly Encode[]> {
    return [await this.product(true)];
  }

  /** Milliseconds of many such layers in one submit. */
  async time(dispatches: readonly Encode[]): Promise<number> {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < this.layer.times; i++) for (const encode of dispatches) encode(pass);
    pass.end();
    const start = performance.now();
    this.device.queue.submit([encoder.finish()]);
    await this.device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  }

  async result(): Promise<Float32Array> {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.device.createBuffer({ size: this.y.size, usage });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.y, staging);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    return new Float32Array(staging.getMappedRange().slice(0));
  }
}

function median(values: readonly number[]): number {
  return defined([...values].sort((a, b) => a - b)[values.length >> 1], 'a time');
}

const cases = [QKV, GATE_UP, HEAD].flatMap((layer) => [1, MAX_ROWS].map((rows) => ({ ...layer, layer, rows })));
it.each(cases)('$name of $rows rows that norm what they read are right, and take their time', async (of) => {
  const device = await defined((await navigator.gpu.requestAdapter()) ?? undefined, 'an adapter').requestDevice();
  device.pushErrorScope('validation');
  const bench = new Bench(device, of.layer, of.rows);
  const apart = await bench.apart();
  const joined = await bench.joined();
  await bench.time(apart);
  const expected = await bench.result();
  await bench.time(joined);
  const actual = await bench.result();
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(0);
  expected.forEach((value, i) => expect(Math.abs(value - defined(actual[i], 'a sum'))).toBeLessThan(1e-5 * largest));

  const [apartMs, joinedMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    apartMs.push(await bench.time(apart));
    joinedMs.push(await bench.time(joined));
  }
  expect(await device.popErrorScope()).toBeNull();
  const [before, after] = [median(apartMs), median(joinedMs)];
  console.log(
    `${of.name}, ${of.rows} rows: norm apart ${before.toFixed(0)} ms, within ${after.toFixed(0)} ms: ${(after / before).toFixed(2)} times as long`,
  );
  device.destroy();
});
