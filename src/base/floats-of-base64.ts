/** The inverse of `base64OfFloats`; bytes behind the last whole number are dropped. Throws what `atob` throws of a text that is no base64. */
export function floatsOfBase64(text: string): Float32Array {
  const letters = atob(text);
  const bytes = new DataView(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)).buffer);
  return Float32Array.from({ length: Math.floor(letters.length / 4) }, (_, i) => bytes.getFloat32(i * 4, true));
}
