import { keyOf, repeated } from './template-methods';
import { booleanValue, entriesOf, equals, itemsOf, str, textValue, type RuntimeValue } from './template-values';

/** `null`: @huggingface/jinja has these operands. */
type Operator = (left: RuntimeValue, right: RuntimeValue) => RuntimeValue | null;

/** Operators that @huggingface/jinja has for some kinds of values only, or with JavaScript's meaning. */
export const OPERATORS: ReadonlyMap<unknown, Operator> = new Map<unknown, Operator>([
  ['~', (left, right) => textValue(str(left) + str(right))],
  ['==', (left, right) => booleanValue(equals(left, right))],
  ['!=', (left, right) => booleanValue(!equals(left, right))],
  ['in', (left, right) => booleanValue(contains(right, left))],
  ['not in', (left, right) => booleanValue(!contains(right, left))],
  ['*', (left, right) => timesText(left, right) ?? timesText(right, left)],
]);

/** Python's `in`; nothing is in what is not defined. */
function contains(container: RuntimeValue, value: RuntimeValue): boolean {
  if (container.type === 'UndefinedValue') return false;
  if (typeof container.value === 'string' && typeof value.value === 'string') {
    return container.value.includes(value.value);
  }
  const items = itemsOf(container);
  if (items !== null) return items.some((item) => equals(item, value));
  const entries = entriesOf(container);
  if (entries === null) throw new TypeError(`a ${value.type} cannot be in a ${container.type}`);
  return value.type !== 'UndefinedValue' && entries.has(keyOf(value));
}

function timesText(text: RuntimeValue, times: RuntimeValue): RuntimeValue | null {
  if (typeof text.value !== 'string' || times.type !== 'IntegerValue') return null;
  return repeated(text.value, Number(times.value));
}
