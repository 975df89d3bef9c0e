/**
 * GPT-2's spelling of bytes as visible characters: byte-level vocabularies and merges are written in it (`Ġ` is the space).
 * Printable Latin-1 bytes stand for themselves, the 68 others take U+0100 … in order. Source: `bytes_to_unicode` of OpenAI's GPT-2.
 */
export const BYTE_CHARACTERS: readonly string[] = spellBytes();

const BYTE_OF = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** The byte that a character spells, `null` for a character that spells none. */
export function byteOf(character: string): number | null {
  return BYTE_OF.get(character) ?? null;
}

function spellBytes(): string[] {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
