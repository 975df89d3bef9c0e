import { ForgelightError } from '../../src/base/errors';
import type { Device, DeviceLimits } from '../../src/device/device';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { chunkWidthsOf } from '../../src/kernels/matmul';
import { BATCH_WIDTHS, BYTE_VARIANTS, MATVEC_VARIANTS, type BatchWidth } from '../../src/kernels/matvec';
import { SelfTest } from '../../src/models/self-test';
import type { QuantFormat } from '../../src/quant/format';
import { Q4_K } from '../../src/quant/q4_k';
import { Q8_0 } from '../../src/quant/q8_0';
import { SelfTestBench, type SelfTestCase } from './selftest-bench';
import { SELF_TEST_CASES } from './selftest-cases';
import { casesOfFormat } from './selftest-formats';

/**
 * One with groups of units, and one without: where their kernels are wrong, the GPU is not used at all. Others are tested by `forgelight selftest`, or when
 * a model that has them is loaded, which is refused where they are wrong.
 */
export const TYPICAL_FORMATS: readonly QuantFormat[] = [Q4_K, Q8_0];
/** Of sums of some hundred terms in another order, and of functions that differ in their last bits. */
const TOLERANCE = 2e-4;
/** One for each instance that kernels have. */
const CAPACITIES: readonly BatchWidth[] = [1, 4, 16];

/** A kernel, or one on weights of a block format. */
export interface SelfTestStep {
  readonly name: string;
  /** Its type; `null`: a kernel that takes none. */
  readonly format: string | null;
  /** Sentences of what `device` computes otherwise than `reference`. */
  readonly problems: (device: Device, reference: Device) => Promise<readonly string[]>;
}

/** What a device computes otherwise than the CPU, a sentence each; none: it computes rightly. */
export interface SelfTestFindings {
  /** For which it is not used: of kernels that take no block format, and of the typical formats. */
  readonly problems: readonly string[];
  /** Of each format that was tested: for which models that have it are refused. */
  readonly formats: Readonly<Record<string, readonly string[]>>;
}

export interface SelfTestScope {
  readonly cases?: readonly SelfTestCase[];
  readonly formats?: readonly QuantFormat[];
}

/** All that there is to test of a device with these limits: each kernel that takes no format, then each on each format. */
export function selfTestSteps(
  { packedDot }: Pick<DeviceLimits, 'packedDot'>,
  { cases = SELF_TEST_CASES, formats = TYPICAL_FORMATS }: SelfTestScope = {},
): readonly SelfTestStep[] {
  return [...cases.map((one) => caseStep(one, null)), ...formats.flatMap((format) => formatSteps(format, packedDot))];
}

/** Runs them one after the other, `onStep` before each. Rejects with `device-lost`; whatever else a device refuses is a problem. */
export async function runSelfTest(
  device: Device,
  steps: readonly SelfTestStep[],
  onStep: (step: SelfTestStep, index: number) => void | Promise<void> = () => undefined,
): Promise<SelfTestFindings> {
  const reference = createReferenceDevice();
  const problems: string[] = [];
  const formats: Record<string, string[]> = {};
  try {
    for (const [i, step] of steps.entries()) {
      await onStep(step, i);
      const found = await problemsOf(step, device, reference);
      if (step.format !== null) (formats[step.format] ??= []).push(...found);
      if (step.format === null || TYPICAL_FORMATS.some(({ type }) => type === step.format)) problems.push(...found);
    }
  } finally {
    reference.close();
  }
  return { problems, formats };
}

async function problemsOf(step: SelfTestStep, device: Device, reference: Device): Promise<readonly string[]> {
  try {
    return await step.problems(device, reference);
  } catch (error) {
    if (!(error instanceof ForgelightError) || error.code === 'device-lost') throw error;
    return [`${step.name}: ${error.message}`];
  }
}

function caseStep(one: SelfTestCase, format: string | null): SelfTestStep {
  const { name } = one;
  return {
    name,
    format,
    async problems(device, reference) {
      const problem = differenceOf(await answerOf(device, one), await answerOf(reference, one));
      return problem === null ? [] : [`${name}: ${problem}`];
    },
  };
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

/** Sums of large terms may be small, and are off by as much as large ones. */
function differenceOf(found: Answer, expected: Answer): string | null {
  const view = ({ bytes, exact }: Answer): Uint32Array | Float32Array =>
    exact ? new Uint32Array(bytes.slice().buffer) : new Float32Array(bytes.slice().buffer);
  const [values, right] = [view(found), view(expected)];
  const slack = expected.exact ? 0 : TOLERANCE;
  let squares = 0;
  for (const value of right) squares += value * value;
  const typical = Math.max(1, Math.sqrt(squares / right.length));
  for (const [i, value] of right.entries()) {
    const off = Math.abs((values[i] ?? NaN) - value);
    if (!(off <= slack * (typical + Math.abs(value)))) return `number ${i} is ${values[i]}, not ${value}`;
  }
  return null;
}

function formatSteps(format: QuantFormat, packedDot: boolean): readonly SelfTestStep[] {
  const roundings = packedDot && format.inBytes ? BYTE_VARIANTS : [];
  const cases = casesOfFormat(format, roundings).map((one) => caseStep(one, format.type));
  const products = [
    ...MATVEC_VARIANTS.map((variant) => ({
      name: `matvec_${variant}`,
      isRight: async (test: SelfTest) => (await test.right({ matvecs: [variant] })).matvecs.length > 0,
    })),
    ...roundings.map((variant) => ({
      name: `matvec_${variant}`,
      isRight: async (test: SelfTest) => (await test.rightRoundings([variant])).length > 0,
    })),
  ].map(({ name, isRight }) =>
    linearStep(format, name, async (test) => ((await isRight(test)) ? [] : ['other sums than the CPU’s'])),
  );
  const batches = [...MATVEC_VARIANTS, ...roundings].map((variant) =>
    linearStep(format, `batches of ${variant}`, async (test) => {
      const widths = variant === 'subgroup' ? BATCH_WIDTHS : CAPACITIES;
      const equal = await test.equalWidths(variant, widths);
      const wrong = widths.filter((width) => !equal.includes(width));
      return wrong.map((width) => `${width} rows at once are other sums than alone`);
    }),
  );
  const prompts = linearStep(format, 'matmul', async (test) => {
    const widths = chunkWidthsOf({});
    const { chunks: right } = await test.right({ chunks: widths });
    const wrong = widths.filter((width) => !right.includes(width));
    return wrong.map((width) => `${width} tokens at once have other sums than the CPU’s, or than fewer tokens`);
  });
  return [...cases, ...products, ...batches, prompts];
}

function linearStep(
  format: QuantFormat,
  what: string,
  find: (test: SelfTest) => Promise<readonly string[]>,
): SelfTestStep {
  const name = `${what} of ${format.type}`;
  return {
    name,
    format: format.type,
    async problems(device) {
      const test = new SelfTest(device, format);
      try {
        return (await find(test)).map((problem) => `${name}: ${problem}`);
      } finally {
        test.free();
      }
    },
  };
}
