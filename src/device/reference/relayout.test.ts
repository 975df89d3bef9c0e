import { describeRelayout } from '../../../test/kernels/relayout-cases';
import { createReferenceDevice } from './reference-device';

describeRelayout(createReferenceDevice);
