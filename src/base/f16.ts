const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** What the last bit of the fraction is worth, by sign and exponent: powers are slow to compute. */
const UNITS = Float64Array.from({ length: 64 }, (_, high) => {
  const exponent = high & 0x1f;
  return (high < 32 ? 1 : -1) * (exponent === 31 ? Infinity : 2 ** (Math.max(exponent, 1) - 25));
});

/** IEEE 754 half precision bits → number. */
export function f16ToF32(bits: number): number {
  const unit = UNITS[(bits >> 10) & 0x3f] ?? NaN;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return fraction * unit;
  if (exponent === 31) return fraction === 0 ? unit : NaN;
  return (1024 + fraction) * unit;
}

/** Number → half precision bits, rounded to nearest even; what does not fit becomes infinity. */
export function f32ToF16(value: number): number {
  f32[0] = value;
  const bits = u32[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds beyond 65504
  if (magnitude < 0x38800000) {
    // subnormal: the value in units of 2^-24, rounded to nearest even
    const scaled = Math.abs(f32[0] ?? 0) * 2 ** 24;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    const up = rest > 0.5 || (rest === 0.5 && (floor & 1) === 1);
    return sign | (floor + (up ? 1 : 0));
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}
