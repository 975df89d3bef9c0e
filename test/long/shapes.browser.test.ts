import { expect, it } from 'vitest';
import { systemClock as clock } from '../../src/base/system-clock';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { CHUNK_WIDTHS, matmul } from '../../src/kernels/matmul';
import { BYTE_VARIANTS, HALF_VARIANTS, matvec, MATVEC_VARIANTS } from '../../src/kernels/matvec';
import { SelfTest } from '../../src/models/self-test';
import { Q4_1 } from '../../src/quant/q4_1';
import { Q4_K } from '../../src/quant/q4_k';
import { Q8_0 } from '../../src/quant/q8_0';
import { QUANT_FORMATS } from '../../src/quant/registry';
import { sampleBlocks } from '../../src/quant/sample-blocks';
import { Random } from '../kernels/random';
import { Workbench } from '../kernels/workbench';

const ROWS = 4096;
const COLUMNS = 1536;
/** Of the matrix that prompts meet. */
const TILE_ROWS = 1536;
const ROUNDS = 5;

/** All shapes of matvec that the adapter has, beside each other: for whoever reads the log, as docs/PERFORMANCE.md does. */
it.each([Q4_1, Q4_K, Q8_0])('$type: every shape is right, and takes its time', async (format) => {
  const device = await createWebGpuDevice(navigator.gpu);
  const bench = new Workbench(device);
  const exact = MATVEC_VARIANTS.filter((variant) => variant !== 'subgroup' || device.limits.subgroups);
  const rounding = [
    ...(device.limits.packedDot ? BYTE_VARIANTS : []),
    ...(device.limits.packedDot && device.limits.shaderF16 ? HALF_VARIANTS : []),
  ];
  const test = new SelfTest(device, format);
  expect((await test.right({ matvecs: exact })).matvecs).toEqual(exact);
  expect(await test.rightRoundings(rounding)).toEqual(rounding);
  test.free();
  const random = new Random(1);
  const bytes = sampleBlocks(format, (ROWS * COLUMNS) / format.blockElements, random.draw);
  const values = new Float64Array(0); // nobody compares here
  const weights = bench.weights({ format, rows: ROWS, columns: COLUMNS, bytes, values });
  const x = bench.floats('x', random.floats(COLUMNS));
  const y = bench.empty('y', ROWS * 4);
  bench.stepOf(1);
  const bestMs = new Map<string, number>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const variant of [...exact, ...rounding]) {
      const dispatch = matvec({ weights, x, y, yStride: ROWS, epilogue: 'store', variant });
      const start = clock.now();
      await bench.run(
        Array.from({ length: 8 }, () => dispatch),
        1,
        y,
      );
      // The first round makes pipelines.
      if (round > 0) bestMs.set(variant, Math.min(bestMs.get(variant) ?? Infinity, (clock.now() - start) / 8));
    }
  }
  const told = [...bestMs].map(([variant, ms]) => `${variant} ${ms.toFixed(2)} ms`);
  console.log(`${device.name}, ${format.type} ${ROWS} × ${COLUMNS}: ${told.join(', ')}`);
  expect(bestMs.size).toBe(exact.length + rounding.length);
  bench.free();
  device.close();
});

/** All tiles of matmul for chunks of many lengths: for whoever reads the log, as docs/PERFORMANCE.md does. */
it.each([Q4_1, Q4_K])('$type: tiles of any width take their time', async (format) => {
  const device = await createWebGpuDevice(navigator.gpu);
  const bench = new Workbench(device);
  const random = new Random(1);
  const bytes = sampleBlocks(format, (TILE_ROWS * COLUMNS) / format.blockElements, random.draw);
  const weights = bench.weights({ format, rows: TILE_ROWS, columns: COLUMNS, bytes, values: new Float64Array(0) });
  for (const tokens of [16, 64, 256, 512]) {
    const x = bench.floats('x', random.floats(tokens * COLUMNS));
    const y = bench.empty('y', tokens * TILE_ROWS * 4);
    bench.stepOf(tokens);
    const bestMs = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const width of CHUNK_WIDTHS) {
        const dispatch = matmul({ weights, x, y, yStride: TILE_ROWS, epilogue: 'store', width });
        const start = clock.now();
        await bench.run([dispatch], tokens, y);
        // The first round makes pipelines.
        if (round > 0) bestMs.set(width, Math.min(bestMs.get(width) ?? Infinity, clock.now() - start));
      }
    }
    const told = [...bestMs].map(([width, ms]) => `${width} ${ms.toFixed(1)} ms`);
    console.log(`${device.name}, ${format.type} ${TILE_ROWS} × ${COLUMNS}, ${tokens} tokens: ${told.join(', ')}`);
    expect(bestMs.size).toBe(CHUNK_WIDTHS.length);
  }
  bench.free();
  device.close();
});

it.each(QUANT_FORMATS.filter(({ inBytes }) => inBytes))('$type is rounded to bytes as the CPU does', async (format) => {
  const device = await createWebGpuDevice(navigator.gpu);
  const test = new SelfTest(device, format);
  expect(await test.rightRoundings(BYTE_VARIANTS)).toEqual(BYTE_VARIANTS);
  test.free();
  device.close();
});

it.each(QUANT_FORMATS)('$type is found right', async (format) => {
  const device = await createWebGpuDevice(navigator.gpu);
  const test = new SelfTest(device, format);
  const plainest = { matvecs: ['rows'], chunks: CHUNK_WIDTHS } as const;
  expect(await test.right(plainest)).toEqual(plainest);
  test.free();
  device.close();
});
