import type { RuntimeValue } from './template-values';

/** A text without the given characters at its ends, or without white space where none are given. */
export function stripped(text: string, characters: RuntimeValue | undefined, where: 'start' | 'end' | 'both'): string {
  const cut = typeof characters?.value === 'string' ? new Set(characters.value) : null;
  if (cut === null) {
    if (where === 'both') return text.trim();
    return where === 'start' ? text.trimStart() : text.trimEnd();
  }
  const all = Array.from(text);
  const first = where === 'end' ? 0 : all.findIndex((character) => !cut.has(character));
  const last = where === 'start' ? all.length - 1 : all.findLastIndex((character) => !cut.has(character));
  return first < 0 ? '' : all.slice(first, last + 1).join('');
}

export function capitalized(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** Without the last line end, as Python has it. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r\n|\r|\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

export function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

export function withoutSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
}
