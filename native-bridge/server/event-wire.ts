/**
 * Plain data as a line of JSON. JSON has no numbers as exact and as short as a Float32Array's: those become base64 of their little-endian
 * bytes, in `{"f32": "…"}`.
 */
export function toWire(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    part instanceof Float32Array ? { f32: base64Of(part) } : part,
  );
}

function base64Of(numbers: Float32Array): string {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, index) => bytes.writeFloatLE(number, index * 4));
  return bytes.toString('base64');
}
