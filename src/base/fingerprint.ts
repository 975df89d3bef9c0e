/** FNV-1a over UTF-16 code units, twice with different starts: 16 hex digits that name a configuration. No protection. */
export function fnv1a(text: string): string {
  return [0x811c9dc5, 0x01000193].map((start) => hash(text, start)).join('');
}

function hash(text: string, start: number): string {
  let value = start;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}
