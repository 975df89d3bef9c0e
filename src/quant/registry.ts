import { ForgelightError } from '../base/errors';
import type { GgmlType } from '../gguf/ggml-type';
import { F16 } from './f16';
import { F32 } from './f32';
import type { QuantFormat } from './format';
import { Q4_1 } from './q4_1';
import { Q8_0 } from './q8_0';

/** Every block format there is. To add one: a file here, its shader module, a line here. */
export const QUANT_FORMATS: readonly QuantFormat[] = [F32, F16, Q4_1, Q8_0];

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
