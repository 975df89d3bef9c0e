import { base64OfFloats } from '../../src/base/f32-base64';

/** Plain data as a line of JSON, for `requestEventFromJson`: vectors are base64 of their little-endian bytes, in `{"f32": "…"}`. */
export function toWire(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    part instanceof Float32Array ? { f32: base64OfFloats(part) } : part,
  );
}
