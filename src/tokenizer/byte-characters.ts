/**
 * GPT-2's spelling of bytes as visible characters: byte-level vocabularies and merges are written in it (`Ġ` is the space).
 * Printable Latin-1 bytes stand for themselves, the 68 others take U+0100 … in order. Source: `bytes_to_unicode` of OpenAI's GPT-2.
 */
export const BYTE_CHARACTERS: readonly string[] = spellBytes();

/** By UTF-16 unit: the byte that it spells, -1 for none. */
const BYTES = new Int16Array(0x144).fill(-1);
for (const [byte, character] of BYTE_CHARACTERS.entries()) BYTES[character.charCodeAt(0)] = byte;

/** The bytes that a text spells, `null` where it has a character that spells none. */
export function spelledBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const byte = BYTES[text.charCodeAt(index)] ?? -1;
    if (byte < 0) return null;
    bytes[index] = byte;
  }
  return bytes;
}

/** The inverse of `spelledBytes`. */
export function spell(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += BYTE_CHARACTERS[byte] ?? '';
  return text;
}

function spellBytes(): string[] {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
