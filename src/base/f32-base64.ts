/** Vectors as text: base64 of little-endian f32, as OpenAI has it. */
export function base64OfFloats(vector: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((value, i) => bytes.setFloat32(i * 4, value, true));
  return btoa(Array.from(new Uint8Array(bytes.buffer), (byte) => String.fromCharCode(byte)).join(''));
}

/** The inverse; bytes behind the last whole number are dropped. Throws what `atob` throws of a text that is no base64. */
export function floatsOfBase64(text: string): Float32Array {
  const letters = atob(text);
  const bytes = new DataView(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)).buffer);
  return Float32Array.from({ length: Math.floor(letters.length / 4) }, (_, i) => bytes.getFloat32(i * 4, true));
}
