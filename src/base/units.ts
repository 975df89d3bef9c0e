export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** `value` rounded up to a multiple of `step`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** How many pieces of `size` cover `value`. */
export function divideUp(value: number, size: number): number {
  return Math.ceil(value / size);
}

/** Writes a number with so many digits behind the point. */
export type NumberWriter = (value: number, fractionDigits: number) => string;

/** As English does, without groups. */
export const plainNumber: NumberWriter = (value, fractionDigits) => value.toFixed(fractionDigits);

/** `98.4 MB`: decimal units, as download pages show them. */
export function formatBytes(sizeBytes: number, write: NumberWriter = plainNumber): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : write(value, 1)} ${units[unit]}`;
}
