/** A mistake in a kernel's text, and which step of the self-test must notice it. */
export interface KernelMistake {
  readonly what: string;
  /** In native-bridge/kernels. */
  readonly file: string;
  /** Stands there once. */
  readonly from: string;
  readonly to: string;
  /** The name of a step. */
  readonly noticedBy: string;
  readonly says: RegExp;
}

const OTHER_NUMBERS = /number \d+ is/;
const OUTSIDE = /not its own/;

export const KERNEL_MISTAKES: readonly KernelMistake[] = [
  {
    what: 'a missing barrier before lanes are summed',
    file: 'lib/reduce.h',
    from: 'partial_sums[local] = value;\n  workgroupBarrier();',
    to: 'partial_sums[local] = value;',
    noticedBy: 'rmsnorm',
    says: OTHER_NUMBERS,
  },
  {
    what: 'a barrier that half of the threads reach',
    file: 'lib/reduce.h',
    from: 'if (local % LANES < half) partial_sums[local] += partial_sums[local + half];\n    workgroupBarrier();',
    to: 'if (local % LANES < half) {\n      partial_sums[local] += partial_sums[local + half];\n      workgroupBarrier();\n    }',
    noticedBy: 'rmsnorm',
    says: /barrier that not all threads/,
  },
  {
    what: 'a sum over one lane too few',
    file: 'lib/reduce.h',
    from: 'u32 half = LANES / 2u; half > 0u',
    to: 'u32 half = LANES / 2u; half > 1u',
    noticedBy: 'layernorm',
    says: OTHER_NUMBERS,
  },
  {
    what: 'a row too long by a quad',
    file: 'ops/rmsnorm.hip',
    from: 'i < params.quads; i += THREADS) {',
    to: 'i < params.quads + 1u; i += THREADS) {',
    noticedBy: 'rmsnorm',
    says: OUTSIDE,
  },
  {
    what: 'a word behind the last one, whose bits are not used',
    file: 'ops/relayout.hip',
    from: '  if (shift == 0u) return source[o]; // the next word may not be there\n  return (source[o] >> shift) | (source[o + 1u] << (32u - shift));',
    to: '  return static_cast<u32>(((static_cast<u64>(source[o + 1u]) << 32u) | source[o]) >> shift);',
    noticedBy: 'relayout of 130 blocks',
    says: /not its own, 0 bytes behind selftest, an allocation of 4420 bytes, its argument 2: relayout, workgroup/,
  },
  {
    what: 'a wrong stride of rows',
    file: 'ops/rmsnorm.hip',
    from: 'const u32 to = group.y * params.quads;',
    to: 'const u32 to = group.y * (params.quads - 1u);',
    noticedBy: 'rmsnorm',
    says: OTHER_NUMBERS,
  },
  {
    what: 'weights of positions read before they are all there',
    file: 'ops/attention.hip',
    from: 'nobody reads those of positions not seen\n      }\n      workgroupBarrier();',
    to: 'nobody reads those of positions not seen\n      }',
    noticedBy: 'rope and attention, cache of f16',
    says: OTHER_NUMBERS,
  },
  {
    what: 'a row that does not see itself',
    file: 'ops/attention.hip',
    from: 'row_position(step, row) + 1u;',
    to: 'max(row_position(step, row), 1u);',
    noticedBy: 'rope and attention, cache of f32',
    says: OTHER_NUMBERS,
  },
  {
    what: 'a last range that nobody joins',
    file: 'ops/attention_merge.hip',
    from: 'range < ranges; range++',
    to: 'range < max(ranges - 1u, 1u); range++',
    noticedBy: 'attention shared by workgroups, and attention_merge',
    says: OTHER_NUMBERS,
  },
  {
    what: 'the sum of one subgroup in place of all',
    file: 'ops/matvec_subgroup.hip',
    from: 's < THREADS / subgroup_size(); s++',
    to: 's < 1u; s++',
    noticedBy: 'matvec_subgroup of Q8_0',
    says: /matvec_subgroup of Q8_0/,
  },
  {
    what: 'lanes that read before others have written',
    file: 'ops/matvec_lanes.hip',
    from: '  workgroupBarrier();\n  for (u32 half = LANES / 2u',
    to: '  for (u32 half = LANES / 2u',
    noticedBy: 'matvec_lanes of Q8_0',
    says: /matvec_lanes of Q8_0/,
  },
  {
    what: 'a tile that is read while the next is written',
    file: 'ops/matmul.hip',
    from: '    workgroupBarrier();\n  }\n',
    to: '  }\n',
    noticedBy: 'matmul of Q8_0',
    says: /matmul of Q8_0/,
  },
  {
    what: 'other sums in the widest tile',
    file: 'ops/matmul.hip',
    from: 'sums[t][r] += dot(row[r], v);',
    to: 'sums[t][r] += TOKENS == 512u ? dot(v, row[r]) * 1.0000001f : dot(row[r], v);',
    noticedBy: 'matmul of Q8_0',
    says: /^matmul of Q8_0: 512 tokens at once/,
  },
  {
    what: 'a tile of which only the first half of the tokens is computed',
    file: 'ops/matmul.hip',
    from: 'run<512u, 32u>',
    to: 'run<256u, 64u>',
    noticedBy: 'matmul of Q8_0',
    says: /^matmul of Q8_0: 512 tokens at once/,
  },
  {
    what: 'results of a batch at a wrong stride',
    file: 'ops/matvec_rows.hip',
    from: 'r * params.y_stride',
    to: 'r * (params.y_stride + 1u)',
    noticedBy: 'matvec_rows of Q8_0',
    says: /matvec_rows of Q8_0/,
  },
];
