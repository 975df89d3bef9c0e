type Place = 'text' | 'comment' | 'statement' | 'expression';

/** What may come next in each place. A string without its end goes to that of the template, so that nothing is looked at twice. */
const STRING = String.raw`'[^'\\]*(?:\\[^][^'\\]*)*'?|"[^"\\]*(?:\\[^][^"\\]*)*"?`;
const NEXT: Readonly<Record<Place, RegExp>> = {
  text: /\{[{%#]/g,
  comment: /#\}/g,
  statement: new RegExp(String.raw`%\}|${STRING}`, 'g'),
  expression: new RegExp(String.raw`[{}]|${STRING}`, 'g'),
};
const OPENED: Readonly<Record<string, Place>> = { '{{': 'expression', '{%': 'statement', '{#': 'comment' };

const ESCAPE = /\\([0-7]{1,3}|U[0-9a-fA-F]{8}|[^])/g;
/** As @huggingface/jinja has them. What `N` needs, the names of all characters, nobody has: such a template is refused there. */
const KNOWN = new Set(['n', 't', 'r', 'b', 'f', 'v', 'x', 'u', 'N', "'", '"', '\\']);

/**
 * A template whose strings have their escapes in the words of @huggingface/jinja, which refuses a template for one that it does not know.
 * Jinja reads them as Python does (https://docs.python.org/3/reference/lexical_analysis.html#escape-sequences): octal ones, `\a`, `\U…`, a line
 * end that is none, and a backslash that stays where nothing is meant by it, as in `"<\/think>"`.
 */
export function withKnownEscapes(template: string): string {
  if (!template.includes('\\')) return template;
  let written = '';
  let place: Place = 'text';
  let depth = 0;
  for (let at = 0; at < template.length;) {
    const pattern: RegExp = NEXT[place];
    pattern.lastIndex = at;
    const found: RegExpExecArray | null = pattern.exec(template);
    if (found === null) return written + template.slice(at);
    const text: string = found[0];
    written += template.slice(at, found.index) + (/^['"]/.test(text) ? text.replace(ESCAPE, knownEscape) : text);
    at = pattern.lastIndex;
    if (place === 'text') {
      place = OPENED[text] ?? 'text';
      depth = 0;
    } else if (place !== 'expression') {
      if (text.endsWith('}')) place = 'text';
    } else if (text === '{') {
      depth += 1;
    } else if (text === '}') {
      depth -= 1;
      // the first of the two that end the expression
      if (depth < 0) place = 'text';
    }
  }
  return written;
}

function knownEscape(escape: string, what: string): string {
  if (what === '\n') return '';
  if (what === 'a') return String.raw`\x07`;
  if (/^[0-7]/.test(what)) return unitEscape(Number.parseInt(what, 8));
  if (/^U./.test(what)) return characterEscape(Number.parseInt(what.slice(1), 16)) ?? escape;
  return KNOWN.has(what) ? escape : `\\${escape}`;
}

/** `null`: there is no such character. */
function characterEscape(codePoint: number): string | null {
  if (codePoint > 0x10_ffff) return null;
  const units = String.fromCodePoint(codePoint);
  return Array.from({ length: units.length }, (_, i) => unitEscape(units.charCodeAt(i))).join('');
}

function unitEscape(unit: number): string {
  return String.raw`\u` + unit.toString(16).padStart(4, '0');
}
