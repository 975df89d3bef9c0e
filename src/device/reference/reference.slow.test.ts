import { CHUNK_WIDTHS } from '../../kernels/matmul';
import { MATVEC_VARIANTS, ROUNDED_VARIANTS } from '../../kernels/matvec';
import { QUANT_FORMATS } from '../../quant/registry';
import { describeKernels } from '../../../test/kernels/suite';
import { createReferenceDevice } from './reference-device';

describeKernels('the reference device', async () => createReferenceDevice(), {
  variants: MATVEC_VARIANTS,
  chunks: CHUNK_WIDTHS,
  rounded: ROUNDED_VARIANTS,
  batchFormats: QUANT_FORMATS,
});
