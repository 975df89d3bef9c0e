/** Scale and minimum `i` of eight, six bits each, as Q4_K and Q5_K pack them into 12 bytes. */
export function scaleAndMinimum(bytes: DataView, at: number, i: number): { scale: number; minimum: number } {
  const a = bytes.getUint8(at + (i & 3));
  const b = bytes.getUint8(at + 4 + (i & 3));
  if (i < 4) return { scale: a & 63, minimum: b & 63 };
  const low = bytes.getUint8(at + 8 + (i & 3));
  return { scale: (low & 15) | ((a >> 2) & 48), minimum: (low >> 4) | ((b >> 2) & 48) };
}
