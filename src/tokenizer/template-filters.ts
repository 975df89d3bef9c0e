import { capitalized, stripped } from './template-texts';
import {
  attributeOf,
  compare,
  entriesOf,
  equals,
  floatValue,
  isTrue,
  iterate,
  keyValue,
  listValue,
  str,
  textValue,
  UNDEFINED,
  wholeValue,
  type RuntimeValue,
} from './template-values';

export interface Arguments {
  readonly positional: readonly RuntimeValue[];
  readonly named: ReadonlyMap<string, RuntimeValue>;
}

/** Applies any filter by its name: ours, or one of @huggingface/jinja. */
export type Apply = (name: string, operand: RuntimeValue, args: readonly RuntimeValue[]) => RuntimeValue;

export type Filter = (operand: RuntimeValue, args: Arguments, apply: Apply) => RuntimeValue;

type Test = (value: RuntimeValue, other: RuntimeValue) => boolean;

const MAX_BATCH = 16_384;

function argument({ positional, named }: Arguments, index: number, name: string): RuntimeValue {
  return positional[index] ?? named.get(name) ?? UNDEFINED;
}

function numberArgument(args: Arguments, index: number, name: string, fallback: number): number {
  const value = argument(args, index, name).value;
  return typeof value === 'number' ? value : fallback;
}

/** Items, or what they hold at a path, with `default` where there is nothing. */
function attributes(operand: RuntimeValue, path: RuntimeValue, fallback = UNDEFINED): readonly RuntimeValue[] {
  const items = iterate(operand);
  if (path.type === 'UndefinedValue') return items;
  return items.map((item) => {
    const found = attributeOf(item, path);
    return found.type === 'UndefinedValue' ? fallback : found;
  });
}

function isNumber(value: RuntimeValue): boolean {
  return value.type === 'IntegerValue' || value.type === 'FloatValue';
}

const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ...['equalto', 'eq', '=='].map((name) => [name, equals] as const),
  ...['ne', '!='].map((name) => [name, (a: RuntimeValue, b: RuntimeValue) => !equals(a, b)] as const),
  ...['gt', 'greaterthan', '>'].map((name) => [name, (a: RuntimeValue, b: RuntimeValue) => compare(a, b) > 0] as const),
  ...['lt', 'lessthan', '<'].map((name) => [name, (a: RuntimeValue, b: RuntimeValue) => compare(a, b) < 0] as const),
  ...['ge', '>='].map((name) => [name, (a: RuntimeValue, b: RuntimeValue) => compare(a, b) >= 0] as const),
  ...['le', '<='].map((name) => [name, (a: RuntimeValue, b: RuntimeValue) => compare(a, b) <= 0] as const),
  ['in', (value, container) => iterate(container).some((item) => equals(item, value))],
  ['defined', (value) => value.type !== 'UndefinedValue'],
  ['undefined', (value) => value.type === 'UndefinedValue'],
  ['none', (value) => value.type === 'NullValue'],
  ['string', (value) => value.type === 'StringValue'],
  ['boolean', (value) => value.type === 'BooleanValue'],
  ['true', (value) => value.value === true],
  ['false', (value) => value.value === false],
  ['number', isNumber],
  ['integer', (value) => value.type === 'IntegerValue'],
  ['float', (value) => value.type === 'FloatValue'],
  ['mapping', (value) => entriesOf(value) !== null],
  ['odd', (value) => isNumber(value) && Math.abs(Number(value.value)) % 2 === 1],
  ['even', (value) => isNumber(value) && Number(value.value) % 2 === 0],
]);

/** A test by its name, or whether a value is true where none is named. Throws for a name that is not known. */
function testNamed(name: RuntimeValue): Test {
  if (name.type === 'UndefinedValue') return isTrue;
  const test = TESTS.get(str(name));
  if (test === undefined) throw new Error(`Unknown test: ${str(name)}`);
  return test;
}

/** As Jinja2 has it for these filters: what is not true, such as none, has no items. */
function itemsOf(operand: RuntimeValue): readonly RuntimeValue[] {
  return isTrue(operand) ? iterate(operand) : [];
}

function selecting(wanted: boolean, byAttribute: boolean): Filter {
  return (operand, { positional }) => {
    const [path = UNDEFINED, ...rest] = byAttribute ? positional : [UNDEFINED, ...positional];
    const [name = UNDEFINED, other = UNDEFINED] = rest;
    const test = testNamed(name);
    const tested = (item: RuntimeValue): RuntimeValue => (byAttribute ? attributeOf(item, path) : item);
    return listValue(itemsOf(operand).filter((item) => test(tested(item), other) === wanted));
  };
}

function extreme(sign: 1 | -1): Filter {
  return (operand, args) => {
    const path = argument(args, 1, 'attribute');
    let best = UNDEFINED;
    let of = UNDEFINED;
    for (const item of iterate(operand)) {
      const value = path.type === 'UndefinedValue' ? item : attributeOf(item, path);
      if (of.type !== 'UndefinedValue' && sign * compare(value, of) <= 0) continue;
      best = item;
      of = value;
    }
    return best;
  };
}

function sum(operand: RuntimeValue, args: Arguments): RuntimeValue {
  const start = argument(args, 1, 'start');
  const values = attributes(operand, argument(args, 0, 'attribute'));
  const all = start.type === 'UndefinedValue' ? values : [start, ...values];
  const total = all.reduce((before, value) => {
    if (!isNumber(value) && typeof value.value !== 'boolean') throw new TypeError(`a ${value.type} cannot be added`);
    return before + Number(value.value);
  }, 0);
  return all.some((value) => value.type === 'FloatValue') ? floatValue(total) : wholeValue(total);
}

/** As Python rounds: halves to even, and whole numbers stay whole. */
function round(operand: RuntimeValue, args: Arguments): RuntimeValue {
  if (!isNumber(operand)) throw new TypeError(`a ${operand.type} cannot be rounded`);
  const scale = 10 ** numberArgument(args, 0, 'precision', 0);
  const method = argument(args, 1, 'method');
  const scaled = Number(operand.value) * scale;
  if (method.value === 'floor') return floatValue(Math.floor(scaled) / scale);
  if (method.value === 'ceil') return floatValue(Math.ceil(scaled) / scale);
  const floor = Math.floor(scaled);
  const isHalf = scaled - floor === 0.5;
  const rounded = (isHalf ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(scaled)) / scale;
  return operand.type === 'IntegerValue' ? wholeValue(rounded) : floatValue(rounded);
}

/** Pairs of a value and the items that have it, in the order of the values. */
function groupBy(operand: RuntimeValue, args: Arguments): RuntimeValue {
  const path = argument(args, 0, 'attribute');
  const keyed = iterate(operand).map((item) => ({ item, key: attributeOf(item, path) }));
  const groups: { readonly key: RuntimeValue; readonly items: RuntimeValue[] }[] = [];
  for (const { item, key } of keyed.toSorted((a, b) => compare(a.key, b.key))) {
    const last = groups.at(-1);
    if (last !== undefined && compare(last.key, key) === 0) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return listValue(groups.map(({ key, items }) => listValue([key, listValue(items)])));
}

function batch(operand: RuntimeValue, args: Arguments): RuntimeValue {
  const size = numberArgument(args, 0, 'linecount', 1);
  if (!Number.isInteger(size) || size < 1 || size > MAX_BATCH) throw new RangeError(`no batches of ${size}`);
  const items = iterate(operand);
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, i) => i * size);
  return listValue(starts.map((start) => listValue(items.slice(start, start + size))));
}

function map(operand: RuntimeValue, args: Arguments, apply: Apply): RuntimeValue {
  const path = args.named.get('attribute');
  const items = itemsOf(operand);
  if (path !== undefined) return listValue(attributes(listValue(items), path, args.named.get('default')));
  const [name, ...rest] = args.positional;
  if (name === undefined) throw new Error('map needs a filter or an attribute');
  return listValue(items.map((item) => apply(str(name), item, rest)));
}

function trim(operand: RuntimeValue, args: Arguments): RuntimeValue {
  return textValue(stripped(str(operand), argument(args, 0, 'chars'), 'both'));
}

function join(operand: RuntimeValue, args: Arguments): RuntimeValue {
  const texts = attributes(operand, argument(args, 1, 'attribute')).map(str);
  return textValue(texts.join(str(argument(args, 0, 'd'))));
}

function items(operand: RuntimeValue): RuntimeValue {
  const entries = entriesOf(operand);
  if (entries === null && operand.type !== 'UndefinedValue') throw new TypeError(`a ${operand.type} has no items`);
  return listValue(Array.from(entries ?? [], ([key, value]) => listValue([keyValue(key), value])));
}

function count(operand: RuntimeValue): RuntimeValue {
  if (typeof operand.value !== 'string') return wholeValue(iterate(operand).length);
  let characters = 0;
  for (const _ of operand.value) characters += 1;
  return wholeValue(characters);
}

function end(operand: RuntimeValue, pattern: RegExp, index: number): RuntimeValue {
  if (typeof operand.value !== 'string') return iterate(operand).at(index) ?? UNDEFINED;
  const character = pattern.exec(operand.value)?.[0];
  return character === undefined ? UNDEFINED : textValue(character);
}

/** Filters that @huggingface/jinja lacks, or has for some kinds of values only. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['string', (operand) => textValue(str(operand))],
  ['list', (operand) => listValue(iterate(operand))],
  ['count', count],
  ['length', count],
  ['first', (operand) => end(operand, /^./su, 0)],
  ['last', (operand) => end(operand, /.$/su, -1)],
  ['items', items],
  ['join', join],
  ['trim', trim],
  ['capitalize', (operand) => textValue(capitalized(str(operand)))],
  ['min', extreme(-1)],
  ['max', extreme(1)],
  ['sum', sum],
  ['round', round],
  ['groupby', groupBy],
  ['batch', batch],
  ['map', map],
  ['select', selecting(true, false)],
  ['reject', selecting(false, false)],
  ['selectattr', selecting(true, true)],
  ['rejectattr', selecting(false, true)],
]);
