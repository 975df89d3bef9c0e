import { ForgelightError } from '../base/errors';
import type { GgmlType } from '../gguf/ggml-type';
import { BF16 } from './bf16';
import { F16 } from './f16';
import { F32 } from './f32';
import type { QuantFormat } from './format';
import { IQ1_M } from './iq1_m';
import { IQ1_S } from './iq1_s';
import { IQ2_S } from './iq2_s';
import { IQ2_XS } from './iq2_xs';
import { IQ2_XXS } from './iq2_xxs';
import { IQ3_S } from './iq3_s';
import { IQ3_XXS } from './iq3_xxs';
import { IQ4_NL } from './iq4_nl';
import { IQ4_XS } from './iq4_xs';
import { MXFP4 } from './mxfp4';
import { NVFP4 } from './nvfp4';
import { Q2_K } from './q2_k';
import { Q3_K } from './q3_k';
import { Q4_0 } from './q4_0';
import { Q4_1 } from './q4_1';
import { Q4_K } from './q4_k';
import { Q5_0 } from './q5_0';
import { Q5_1 } from './q5_1';
import { Q5_K } from './q5_k';
import { Q6_K } from './q6_k';
import { Q8_0 } from './q8_0';
import { TQ1_0 } from './tq1_0';
import { TQ2_0 } from './tq2_0';

/** Every block format there is. To add one: a file here, its shader module, a line here. */
export const QUANT_FORMATS: readonly QuantFormat[] = [
  [F32, F16, BF16],
  [Q4_0, Q4_1, Q5_0, Q5_1, Q8_0],
  [Q2_K, Q3_K, Q4_K, Q5_K, Q6_K],
  [IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_NL, IQ4_XS],
  [TQ1_0, TQ2_0, MXFP4, NVFP4],
].flat();

const byType = new Map(QUANT_FORMATS.map((format) => [format.type, format]));

/** Throws `unsupported-quantisation` naming the type and what is supported. */
export function quantFormat(type: GgmlType, tensorName: string): QuantFormat {
  const format = byType.get(type);
  if (format !== undefined) return format;
  const supported = QUANT_FORMATS.map((known) => known.type).join(', ');
  throw new ForgelightError(
    'unsupported-quantisation',
    `Tensor ${tensorName} has the type ${type}, which is not supported yet. Choose a file quantised as one of: ${supported}.`,
  );
}
