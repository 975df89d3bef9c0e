import { Environment, type Interpreter } from '@huggingface/jinja';
import { TemplateTooCostly } from './template-errors';

export type RuntimeValue = ReturnType<Interpreter['evaluate']>;

const MAX_CHARACTERS = 16_384;

const SAMPLES = new Environment();
const TEXT = SAMPLES.set('text', '');
const LIST = SAMPLES.set('list', []);
const DICT = SAMPLES.set('dict', {});
const WHOLE = SAMPLES.set('whole', 1);
const FLOAT = SAMPLES.set('float', 0.5);
export const NONE = SAMPLES.set('none', null);
export const UNDEFINED = SAMPLES.set('undefined', undefined);
const [TRUE, FALSE] = [SAMPLES.set('true', true), SAMPLES.set('false', false)];

/** Another value of the class of `sample`: @huggingface/jinja does not export the classes. */
function like(sample: RuntimeValue, content: unknown): RuntimeValue {
  return Reflect.construct(sample.constructor, [content]) as RuntimeValue;
}

export const textValue = (text: string): RuntimeValue => like(TEXT, text);
export const listValue = (items: readonly RuntimeValue[]): RuntimeValue => like(LIST, items);
/** Keys are texts, or numbers for Python's integers. */
export const dictValue = (entries: ReadonlyMap<string | number, RuntimeValue>): RuntimeValue => like(DICT, entries);
export const booleanValue = (is: boolean): RuntimeValue => (is ? TRUE : FALSE);
export const wholeValue = (number: number): RuntimeValue => like(WHOLE, number);
export const floatValue = (number: number): RuntimeValue => like(FLOAT, number);

/** The items of a list or a tuple; `null` for another value. */
export function itemsOf(value: RuntimeValue): readonly RuntimeValue[] | null {
  return Array.isArray(value.value) ? (value.value as RuntimeValue[]) : null;
}

/** The entries of a dictionary; `null` for another value. */
export function entriesOf(value: RuntimeValue): ReadonlyMap<string | number, RuntimeValue> | null {
  return value.type === 'ObjectValue' ? (value.value as ReadonlyMap<string | number, RuntimeValue>) : null;
}

export function keyValue(key: string | number): RuntimeValue {
  return typeof key === 'number' ? wholeValue(key) : textValue(key);
}

/** What a loop or a filter goes over: items, keys of a dictionary, characters of a text, nothing where nothing is defined. */
export function iterate(value: RuntimeValue): readonly RuntimeValue[] {
  const items = itemsOf(value);
  if (items !== null) return items;
  const entries = entriesOf(value);
  if (entries !== null) return Array.from(entries.keys(), keyValue);
  if (typeof value.value === 'string') return charactersOf(value.value);
  if (value.type === 'UndefinedValue') return [];
  throw new TypeError(`a ${value.type} cannot be gone over`);
}

function charactersOf(text: string): readonly RuntimeValue[] {
  if (text.length > MAX_CHARACTERS) throw new TemplateTooCostly(`it goes over ${text.length} characters`);
  return Array.from(text, textValue);
}

export function isTrue(value: RuntimeValue): boolean {
  return value.__bool__().value;
}

/** Python's `str()`: what a template prints. Nothing for what is not defined. */
export function str(value: RuntimeValue): string {
  if (typeof value.value === 'string') return value.value;
  return value.type === 'UndefinedValue' ? '' : repr(value);
}

function repr(value: RuntimeValue): string {
  const items = itemsOf(value);
  if (items !== null) {
    const texts = items.map(repr);
    if (value.type !== 'TupleValue') return `[${texts.join(', ')}]`;
    return texts.length === 1 ? `(${texts[0]},)` : `(${texts.join(', ')})`;
  }
  const entries = entriesOf(value);
  if (entries !== null) {
    return `{${Array.from(entries, ([key, entry]) => `${repr(keyValue(key))}: ${repr(entry)}`).join(', ')}}`;
  }
  if (typeof value.value === 'string') return quoted(value.value);
  if (typeof value.value === 'boolean') return value.value ? 'True' : 'False';
  return value.type === 'NullValue' ? 'None' : value.toString();
}

const SHORT_ESCAPES = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\\', '\\\\'],
]);

/** A text as Python writes it: in single quotes unless it has such and no double ones; what cannot be printed is escaped. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\p{C}\p{Z}\\]/gu, (character) => {
    if (character === ' ') return character;
    return SHORT_ESCAPES.get(character) ?? codeEscape(character.codePointAt(0) ?? 0);
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function codeEscape(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function numberOf(value: RuntimeValue): number | null {
  return typeof value.value === 'number' || typeof value.value === 'boolean' ? Number(value.value) : null;
}

/** Python's `==`: numbers and booleans by their number, lists and dictionaries by what they hold. */
export function equals(a: RuntimeValue, b: RuntimeValue): boolean {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== null && y !== null) return x === y;
  const [items, others] = [itemsOf(a), itemsOf(b)];
  if (items !== null && others !== null) {
    return items.length === others.length && items.every((item, i) => equals(item, others[i] ?? UNDEFINED));
  }
  const [entries, otherEntries] = [entriesOf(a), entriesOf(b)];
  if (entries !== null && otherEntries !== null) {
    if (entries.size !== otherEntries.size) return false;
    return Array.from(entries).every(([key, entry]) => equals(entry, otherEntries.get(key) ?? UNDEFINED));
  }
  return a.type === b.type && a.value === b.value;
}

/** Below 0, 0 or above: as Jinja sorts, texts without regard to their case. Throws for what has no order. */
export function compare(a: RuntimeValue, b: RuntimeValue): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== null && y !== null) return x - y;
  if (typeof a.value !== 'string' || typeof b.value !== 'string') {
    throw new TypeError(`${a.type} and ${b.type} have no order`);
  }
  const [left, right] = [a.value.toLowerCase(), b.value.toLowerCase()];
  return left < right ? -1 : Number(left > right);
}

/** `a.b.0` of a value, step by step; not defined where a step leads nowhere. */
export function attributeOf(value: RuntimeValue, path: RuntimeValue): RuntimeValue {
  let found = value;
  for (const part of str(path).split('.')) {
    const index = /^\d+$/.test(part) ? Number(part) : null;
    const inside = entriesOf(found);
    const held = index === null ? inside?.get(part) : (inside?.get(index) ?? itemsOf(found)?.[index]);
    found = held ?? UNDEFINED;
  }
  return found;
}

/** What JSON can hold: keys are texts, and tuples are lists. */
export function asJson(value: RuntimeValue): RuntimeValue {
  const items = itemsOf(value);
  if (items !== null) return listValue(items.map(asJson));
  const entries = entriesOf(value);
  if (entries === null) return value;
  return dictValue(new Map(Array.from(entries, ([key, entry]) => [String(key), asJson(entry)])));
}
