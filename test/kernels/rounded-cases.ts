import { describe, it } from 'vitest';
import { isHalfVariant, matvec, type RoundedVariant } from '../../src/kernels/matvec';
import { Q4_K } from '../../src/quant/q4_k';
import { Q8_0 } from '../../src/quant/q8_0';
import { checkBatches } from './batch-cases';
import { LayerBench, type MakeDispatch } from './layer-bench';
import { checkFormat, FEW_QUERIES } from './qkv-cases';
import { Random } from './random';
import type { DeviceOf } from './suite';
import { withBench } from './workbench';

const EPILOGUES = ['store', 'add', 'glu'] as const;
/** Fewer units than lanes, an odd number, and more; fewer rows than a workgroup takes, and more. */
const SIZES = [
  { rows: 3, columns: 32 },
  { rows: 65, columns: 96 },
  { rows: 9, columns: 576 },
];

/**
 * Shapes of matvec that round x, on rows which that leaves as they are, and halves their products too: the oracle is the exact one
 * then. What rounding does, in every format that has bytes, is the self-test's to hold against the CPU.
 */
export function describeRoundedMatvec(
  deviceOf: DeviceOf,
  variants: readonly RoundedVariant[],
  queries = FEW_QUERIES,
): void {
  describe.each(variants)('matvec %s', (variant) => {
    const make: MakeDispatch = (args) => matvec({ ...args, variant });
    const values = isHalfVariant(variant) ? 'signs' : 'bytes';

    it('odd shapes, with every epilogue', async () => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = SIZES.flatMap((size) => EPILOGUES.map((epilogue, i) => ({ ...size, epilogue, scale: 0.5 + i })));
        const layers = new LayerBench(bench, make, Q8_0, shapes, new Random(211), values);
        for (const tokens of [1, 3]) await layers.check(tokens);
      });
    });

    // More units than a chunk has.
    it('norms the rows before it rounds them, and rows of zeros', async () => {
      await withBench(deviceOf(), async (bench) => {
        const shapes = [...SIZES, { rows: 4, columns: 4608 }].flatMap((size) =>
          (['store', 'glu'] as const).map((epilogue) => ({ ...size, epilogue, normEpsilon: 0.2 })),
        );
        await new LayerBench(bench, make, Q8_0, shapes, new Random(212), values).check(2);
      });
    });

    // Of halves test/long has it.
    if (isHalfVariant(variant)) return;
    it('as queries, has the bits of matvec and rope_kv', async () => {
      await checkFormat(deviceOf(), Q8_0, variant, queries);
    });
  });

  // Units in groups, of which the chunks of a wide batch have fewer than there are lanes. Of halves test/long has them.
  it.each(variants.filter((variant) => variant === 'int8-lanes'))(
    'matvec %s: rows 1 … 16 have the bits that each has alone',
    async (variant) => {
      const of = { format: Q4_K, variant, epilogues: ['store'], ofOutputs: false, isNormed: false } as const;
      await checkBatches(deviceOf(), of);
    },
  );
}
