import { TemplateTooCostly } from './template-errors';
import { capitalized, linesOf, stripped, withoutPrefix, withoutSuffix } from './template-texts';
import {
  booleanValue,
  entriesOf,
  itemsOf,
  keyValue,
  listValue,
  NONE,
  str,
  textValue,
  wholeValue,
  type RuntimeValue,
} from './template-values';

const MAX_REPEATED_UNITS = 65_536;

type Method = (args: readonly RuntimeValue[]) => RuntimeValue;

/** Python's methods that @huggingface/jinja lacks, or has for keys that are texts only; `null`: not one of them. */
export function methodOf(object: RuntimeValue, name: string): Method | null {
  if (typeof object.value === 'string') return textMethods(object.value).get(name) ?? null;
  const entries = entriesOf(object);
  return entries === null ? null : (dictMethods(entries).get(name) ?? null);
}

function textArgument(args: readonly RuntimeValue[], index: number): string {
  const text = args[index]?.value;
  if (typeof text !== 'string') throw new TypeError('a method of a text needs a text');
  return text;
}

function textMethods(text: string): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    ['join', ([list]) => textValue((list === undefined ? [] : (itemsOf(list) ?? [])).map(str).join(text))],
    ['find', (args) => wholeValue(text.indexOf(textArgument(args, 0)))],
    ['rfind', (args) => wholeValue(text.lastIndexOf(textArgument(args, 0)))],
    ['count', (args) => wholeValue(text.split(textArgument(args, 0)).length - 1)],
    ['isdigit', () => booleanValue(/^\p{Nd}+$/u.test(text))],
    ['splitlines', () => listValue(linesOf(text).map(textValue))],
    ['removeprefix', (args) => textValue(withoutPrefix(text, textArgument(args, 0)))],
    ['removesuffix', (args) => textValue(withoutSuffix(text, textArgument(args, 0)))],
    ['strip', ([characters]) => textValue(stripped(text, characters, 'both'))],
    ['lstrip', ([characters]) => textValue(stripped(text, characters, 'start'))],
    ['rstrip', ([characters]) => textValue(stripped(text, characters, 'end'))],
    ['capitalize', () => textValue(capitalized(text))],
  ]);
}

function dictMethods(entries: ReadonlyMap<string | number, RuntimeValue>): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    ['keys', () => listValue(Array.from(entries.keys(), keyValue))],
    ['items', () => listValue(Array.from(entries, ([key, value]) => listValue([keyValue(key), value])))],
    ['get', ([key, fallback = NONE]) => (key === undefined ? undefined : entries.get(keyOf(key))) ?? fallback],
  ]);
}

/** The key of a dictionary that a value stands for: a text or a whole number. */
export function keyOf(value: RuntimeValue): string | number {
  if (typeof value.value === 'string' || value.type === 'IntegerValue') return value.value as string | number;
  throw new TypeError(`a ${value.type} cannot be a key`);
}

/** A text so many times. Throws `TemplateTooCostly` before one is built that is too large. */
export function repeated(text: string, times: number): RuntimeValue {
  if (text.length * times > MAX_REPEATED_UNITS) throw new TemplateTooCostly('it repeats a text too often');
  return textValue(text.repeat(Math.max(0, times)));
}
