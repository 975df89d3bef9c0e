import { BF16 } from '../../../src/quant/bf16';
import type { QuantFormat } from '../../../src/quant/format';
import { IQ1_M } from '../../../src/quant/iq1_m';
import { IQ2_S } from '../../../src/quant/iq2_s';
import { IQ2_XXS } from '../../../src/quant/iq2_xxs';
import { IQ3_S } from '../../../src/quant/iq3_s';
import { IQ4_NL } from '../../../src/quant/iq4_nl';
import { MXFP4 } from '../../../src/quant/mxfp4';
import { NVFP4 } from '../../../src/quant/nvfp4';
import { Q4_0 } from '../../../src/quant/q4_0';
import { Q4_K } from '../../../src/quant/q4_k';
import { Q5_1 } from '../../../src/quant/q5_1';
import { Q6_K } from '../../../src/quant/q6_k';
import { TQ1_0 } from '../../../src/quant/tq1_0';

/** In a file of native-bridge/kernels `from`, which is there once, becomes `to`. */
export interface TextChange {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A mistake in the text of a kernel, by which `format` has other weights. */
export interface QuantMistake extends TextChange {
  readonly about: string;
  readonly format: QuantFormat;
  /** Which ways to a weight show it. */
  readonly ways: readonly ('dequant32' | 'dequant_unit' | 'byte_unit')[];
}

const ALL = ['dequant32', 'dequant_unit', 'byte_unit'] as const;
const VALUES = ['dequant32', 'dequant_unit'] as const;

function mistake(
  about: string,
  format: QuantFormat,
  file: string,
  change: readonly [from: string, to: string],
  ways: QuantMistake['ways'],
): QuantMistake {
  return { about, format, file, from: change[0], to: change[1], ways };
}

/** At least one of each family of formats. */
export const QUANT_MISTAKES: readonly QuantMistake[] = [
  mistake(
    'a word twice',
    BF16,
    'quant/bf16.hip',
    ['unpack2xbfloat(weights[o + 1u])', 'unpack2xbfloat(weights[o])'],
    VALUES,
  ),
  mistake(
    'a minimum of the wrong sign',
    Q4_0,
    'quant/q4_0.hip',
    ['vec2f(8.0f * scale)', 'vec2f(-8.0f * scale)'],
    ['byte_unit'],
  ),
  mistake(
    'fifth bits of another byte',
    Q5_1,
    'quant/q5_1.hip',
    ['vec4u(4u, 3u, 2u, 1u)', 'vec4u(4u, 2u, 3u, 1u)'],
    VALUES,
  ),
  mistake('fifth bits that are spread wrongly', Q5_1, 'lib/bytes.h', ['0x204081u', '0x204080u'], ['byte_unit']),
  mistake(
    'upper scale bits one too low',
    Q4_K,
    'lib/quant.h',
    ['(high >> vec2u(2u)) & vec2u(48u)', '(high >> vec2u(3u)) & vec2u(48u)'],
    ALL,
  ),
  mistake(
    'a scale of the wrong sign',
    Q6_K,
    'quant/q6_k.hip',
    ['* scale;\n  const Eight q', '* -scale;\n  const Eight q'],
    VALUES,
  ),
  mistake(
    'a group that shares too much',
    IQ2_S,
    'quant/iq2_s.hip',
    ['GROUP_UNITS = 4u', 'GROUP_UNITS = 8u'],
    ['dequant_unit'],
  ),
  mistake('an eighth sign in the seventh place', IQ2_XXS, 'lib/quant.h', ['& 1u) << 7u)', '& 1u) << 6u)'], VALUES),
  mistake('a ninth bit that is lost', IQ3_S, 'quant/iq3_s.hip', ['(ninth & 1u) << 8u', '(ninth & 1u) << 7u'], VALUES),
  mistake('a delta of the wrong sign', IQ1_M, 'quant/iq1_m.hip', ['0x800u, 0x8000u', '0x8000u, 0x800u'], VALUES),
  mistake('a value that is one off', IQ4_NL, 'lib/quant.h', ['0x71594535u', '0x71594534u'], ALL),
  mistake('a power of the wrong digit', TQ1_0, 'quant/tq1_0.hip', ['81u, digit == 4u', '27u, digit == 4u'], VALUES),
  mistake('a number that is one off', MXFP4, 'lib/quant.h', ['0xf4f8fafcu', '0xf5f8fafcu'], ALL),
  mistake(
    'subnormal exponents',
    MXFP4,
    'quant/mxfp4.hip',
    ['0x200000u << (exponent & 1u)', '0x100000u << (exponent & 1u)'],
    VALUES,
  ),
  mistake('an exponent that is one off', NVFP4, 'quant/nvfp4.hip', ['119u', '118u'], VALUES),
];
