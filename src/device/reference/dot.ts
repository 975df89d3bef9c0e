/**
 * Σ a·b over all of `a`, in doubles: four sums side by side, since one alone waits for itself. They are declared one by one,
 * because to take them from an array costs more than the products of a short row.
 */
export function dot(a: Float32Array, b: Float32Array): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < a.length; k += 4) {
    s0 += (a[k] ?? 0) * (b[k] ?? 0);
    s1 += (a[k + 1] ?? 0) * (b[k + 1] ?? 0);
    s2 += (a[k + 2] ?? 0) * (b[k + 2] ?? 0);
    s3 += (a[k + 3] ?? 0) * (b[k + 3] ?? 0);
  }
  for (; k < a.length; k++) s0 += (a[k] ?? 0) * (b[k] ?? 0);
  return s0 + s1 + s2 + s3;
}
