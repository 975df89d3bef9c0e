import type { RuntimeValue } from './template-values';

/** Python's: a byte order mark is none, and the separators of ASCII are. */
const WHITE_SPACE = new Set(
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

/** A text without the given characters at its ends, or without white space where none are given. */
export function stripped(text: string, characters: RuntimeValue | undefined, where: 'start' | 'end' | 'both'): string {
  if (typeof characters?.value !== 'string') return withoutBlanks(text, where);
  const cut = new Set(characters.value);
  const all = Array.from(text);
  const first = where === 'end' ? 0 : all.findIndex((character) => !cut.has(character));
  const last = where === 'start' ? all.length - 1 : all.findLastIndex((character) => !cut.has(character));
  return first < 0 ? '' : all.slice(first, last + 1).join('');
}

function withoutBlanks(text: string, where: 'start' | 'end' | 'both'): string {
  let [first, end] = [0, text.length];
  while (where !== 'end' && first < end && WHITE_SPACE.has(text.charAt(first))) first += 1;
  while (where !== 'start' && first < end && WHITE_SPACE.has(text.charAt(end - 1))) end -= 1;
  return text.slice(first, end);
}

export function capitalized(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** Without the last line end, as Python has it. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

export function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

export function withoutSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
}
