/** By byte: the token that stands for it where a vocabulary lacks a character. */
export const BYTE_NAMES: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

const NO_BYTES = new Uint8Array(0);

/** The tokens `<0xE4>` … that spell a text byte by byte. */
export function byteNamesOf(text: string): string[] {
  return Array.from(new TextEncoder().encode(text), (byte) => BYTE_NAMES[byte] ?? '');
}

/** `<0x0A>` → the byte 10; none for another text. */
export function namedByte(text: string): Uint8Array {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(text)?.[1];
  return hex === undefined ? NO_BYTES : Uint8Array.of(Number.parseInt(hex, 16));
}
