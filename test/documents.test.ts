import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE } from '../src/base/error-catalogue';
import { ERROR_CAUSES } from '../src/base/error-causes';
import { ERROR_CODES } from '../src/base/errors';
import { LIFECYCLE_EVENTS, STATE_HOLDINGS, TRANSITIONS } from '../src/engine/lifecycle';
import { QUANT_FORMATS } from '../src/quant/registry';
import { texts } from './support/shader-script';
import { weightWords } from './support/weight-words';

const manifest = (await import(
  pathToFileURL(resolve(import.meta.dirname, '../scripts/lib/custom-elements.mjs')).href
)) as {
  customElements(): Promise<{
    readonly modules: readonly { readonly declarations: readonly { readonly attributes: readonly Attribute[] }[] }[];
  }>;
};

interface Attribute {
  readonly name: string;
  readonly type: { readonly text: string };
  readonly default: string;
  readonly description: string;
}

/** What stands in a document between `<!-- name: … -->` and `<!-- /name -->`. */
function block(path: string, name: string): string {
  const text = readFileSync(resolve(import.meta.dirname, '..', path), 'utf8');
  const [, found] = new RegExp(`<!-- ${name}: [^\\n]*-->\\n(.*)<!-- /${name} -->`, 's').exec(text) ?? [];
  return found ?? `no block ${name}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [line(head), `|${'---|'.repeat(head.length)}\n`, ...rows.map(line)].join('');
}

const code = (word: string): string => `\`${word}\``;

/** Of an attribute's type; words stand as they are written. */
function valuesOf({ type: { text } }: Attribute): string {
  const words = [...text.matchAll(/'([^']+)'/g)].map(([, word = '']) => code(word));
  if (words.length > 0) return words.join(', ');
  const values: Readonly<Record<string, string>> = {
    string: 'text',
    boolean: 'there, or not',
    'number | null': 'a number',
  };
  return values[text] ?? `nobody has said what ${text} is`;
}

function defaultOf({ default: initial }: Attribute): string {
  const word = /^'(.+)'$/.exec(initial)?.[1];
  return word === undefined ? '–' : code(word);
}

/** Where a document and the data differ, the data are right: put the expected text between the markers. */
describe('documents say what the code says', () => {
  it("ARCHITECTURE.md about a request's states and what happens to it", () => {
    const names = Object.keys(LIFECYCLE_EVENTS) as (keyof typeof LIFECYCLE_EVENTS)[];
    const states = Object.entries(TRANSITIONS).map(([state, next]) => [
      code(state),
      STATE_HOLDINGS[state as keyof typeof STATE_HOLDINGS],
      names.flatMap((name) => (next[name] === undefined ? [] : [`${name} → ${code(next[name])}`])).join(', ') || '–',
    ]);
    const events = names.map((name) => [name, LIFECYCLE_EVENTS[name]]);
    const expected = `${table(['state', 'holds', 'leaves'], states)}\n${table(['event', 'means'], events)}`;
    expect(block('ARCHITECTURE.md', 'lifecycle')).toBe(expected);
  });

  it('docs/ERRORS.md about every code', () => {
    const rows = ERROR_CODES.map((name) => [
      code(name),
      ERROR_CAUSES[name].cause,
      ERROR_CATALOGUE[name].advice,
      String(ERROR_CAUSES[name].httpStatus),
    ]);
    expect(block('docs/ERRORS.md', 'errors')).toBe(table(['code', 'cause', 'what to do', 'status'], rows));
  });

  it('docs/ELEMENT.md about every attribute', async () => {
    const { modules } = await manifest.customElements();
    const attributes = modules[0]?.declarations[0]?.attributes ?? [];
    const rows = attributes.map((each) => [code(each.name), valuesOf(each), defaultOf(each), each.description]);
    expect(rows.length).toBeGreaterThan(10);
    expect(block('docs/ELEMENT.md', 'attributes')).toBe(table(['attribute', 'values', 'default', 'what it is'], rows));
  });

  it('docs/PERFORMANCE.md about the words that matvec reads', () => {
    const rows = QUANT_FORMATS.map((format) => {
      const { groupUnits, read, ideal } = weightWords(format, texts.modules.quant[format.module] ?? '');
      return [format.type, String(groupUnits), String(read), String(ideal), (read / ideal).toFixed(2)];
    });
    expect(block('docs/PERFORMANCE.md', 'weight-words')).toBe(
      table(['format', 'units a group', 'words read', 'words it has', 'ratio'], rows),
    );
  });
});
