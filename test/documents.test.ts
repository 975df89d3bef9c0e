import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE } from '../src/base/error-catalogue';
import { LIFECYCLE_EVENTS, STATE_HOLDINGS, TRANSITIONS } from '../src/engine/lifecycle';

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
    const rows = Object.entries(ERROR_CATALOGUE).map(([name, { cause, advice, httpStatus }]) => [
      code(name),
      cause,
      advice,
      String(httpStatus),
    ]);
    expect(block('docs/ERRORS.md', 'errors')).toBe(table(['code', 'cause', 'what to do', 'status'], rows));
  });
});
