import { MIB } from '../base/units';

/**
 * Caps on what a header may claim, far above every real file (the largest known hold about 50,000 tensors and 1.4 million
 * array elements), so that a hostile one costs bounded time and memory.
 */
export const MAX_HEADER_BYTES = 256 * MIB;
export const MAX_METADATA_ENTRIES = 65_536;
export const MAX_TENSORS = 131_072;
/** The specification's own limit. */
export const MAX_KEY_BYTES = 65_535;
export const MAX_TENSOR_NAME_BYTES = 1_024;
export const MAX_STRING_BYTES = 16 * MIB;
/** Of all arrays of a header together. */
export const MAX_ARRAY_ELEMENTS = 8_388_608;
/** Arrays inside arrays, of a header together. */
export const MAX_NESTED_ARRAYS = 65_536;
/** An array of numbers has depth 1. */
export const MAX_ARRAY_DEPTH = 4;
export const MAX_DIMENSIONS = 4;
export const MAX_ALIGNMENT = 1024 * MIB;
