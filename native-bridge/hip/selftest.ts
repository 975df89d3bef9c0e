import type { Device } from '../../src/device/device';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { MATMUL_VARIANTS } from '../../src/kernels/matmul';
import { BATCH_WIDTHS, BYTE_VARIANTS, MATVEC_VARIANTS } from '../../src/kernels/matvec';
import { SelfTest } from '../../src/models/self-test';
import type { QuantFormat } from '../../src/quant/format';
import { Q4_K } from '../../src/quant/q4_k';
import { Q8_0 } from '../../src/quant/q8_0';
import { SelfTestBench, type SelfTestCase } from './selftest-bench';
import { SELF_TEST_CASES } from './selftest-cases';

/** One with groups of units, and one without. Others are tested when a model that has them is loaded. */
const LINEAR_FORMATS: readonly QuantFormat[] = [Q4_K, Q8_0];
/** Of sums of some hundred terms in another order, and of functions that differ in their last bits. */
const TOLERANCE = 2e-4;

export interface SelfTestOptions {
  readonly cases?: readonly SelfTestCase[];
  readonly linearFormats?: readonly QuantFormat[];
}

/** What the device computes otherwise than the CPU, a sentence each; none: it computes rightly. Rejects with `device-lost`. */
export async function selfTestProblems(device: Device, options: SelfTestOptions = {}): Promise<readonly string[]> {
  const { cases = SELF_TEST_CASES, linearFormats = LINEAR_FORMATS } = options;
  const reference = createReferenceDevice();
  const problems: string[] = [];
  try {
    for (const one of cases) {
      const [found, expected] = [await answerOf(device, one), await answerOf(reference, one)];
      const problem = differenceOf(found, expected);
      if (problem !== null) problems.push(`${one.name}: ${problem}`);
    }
    for (const format of linearFormats) problems.push(...(await linearProblems(device, format)));
  } finally {
    reference.close();
  }
  return problems;
}

interface Answer {
  readonly bytes: Uint8Array;
  readonly exact: boolean;
}

async function answerOf(device: Device, one: SelfTestCase): Promise<Answer> {
  const bench = new SelfTestBench(device);
  try {
    const prepared = one.prepare(bench);
    return { bytes: await bench.run(prepared, one.rows), exact: prepared.exact ?? false };
  } finally {
    bench.free();
  }
}

function differenceOf(found: Answer, expected: Answer): string | null {
  const view = ({ bytes, exact }: Answer): Uint32Array | Float32Array =>
    exact ? new Uint32Array(bytes.slice().buffer) : new Float32Array(bytes.slice().buffer);
  const [values, right] = [view(found), view(expected)];
  const slack = expected.exact ? 0 : TOLERANCE;
  for (const [i, value] of right.entries()) {
    const off = Math.abs((values[i] ?? NaN) - value);
    if (!(off <= slack * (1 + Math.abs(value)))) return `number ${i} is ${values[i]}, not ${value}`;
  }
  return null;
}

async function linearProblems(device: Device, format: QuantFormat): Promise<readonly string[]> {
  const test = new SelfTest(device, format);
  try {
    const right = await test.right({ matvecs: MATVEC_VARIANTS, matmuls: MATMUL_VARIANTS });
    const rounded = await test.rightRoundings(device.limits.packedDot && format.inBytes ? BYTE_VARIANTS : []);
    const widths = await test.equalWidths('subgroup', BATCH_WIDTHS);
    const wrong = [
      ...missing(MATVEC_VARIANTS, right.matvecs).map((variant) => `matvec_${variant}`),
      ...missing(MATMUL_VARIANTS, right.matmuls).map((variant) => `matmul_${variant}`),
      ...(device.limits.packedDot && format.inBytes ? missing(BYTE_VARIANTS, rounded) : []),
      ...missing(BATCH_WIDTHS, widths).map((width) => `batches of ${width}`),
    ];
    return wrong.map((what) => `${what} of ${format.type}: other sums than the CPU’s`);
  } finally {
    test.free();
  }
}

function missing<T>(all: readonly T[], some: readonly T[]): readonly T[] {
  return all.filter((one) => !some.includes(one));
}
