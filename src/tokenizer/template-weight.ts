import type { Interpreter } from '@huggingface/jinja';
import { TemplateTooCostly } from './template-errors';

type RuntimeValue = ReturnType<Interpreter['evaluate']>;

/** Largest value: UTF-16 units of text, with what each entry of a list or an object costs on top. */
const MAX_WEIGHT = 2 * 1024 * 1024;
const WEIGHT_OF_ENTRY = 128;

export interface Weigher {
  /** The size of a value with all that it holds. Throws `TemplateTooCostly` for one that is too large. */
  weigh(value: RuntimeValue): number;
}

/**
 * `{% set a = [a, a] %}` doubles what printing `a` costs each time, so a container's weight is the sum over its entries, however often
 * they are shared. Lists and objects never change and are weighed once; a namespace can, so it is weighed each time and must not stand
 * in another container.
 */
export function createWeigher(): Weigher {
  const known = new WeakMap<object, number>();

  function weigh(value: RuntimeValue): number {
    const content = value.value;
    if (typeof content === 'string') return checked(content.length);
    if (typeof content !== 'object' || content === null) return 1;
    const before = known.get(value);
    if (before !== undefined) return before;
    const entries: Iterable<RuntimeValue> = content.values();
    let weight = 1;
    for (const entry of entries) {
      if (isNamespace(entry)) throw new TemplateTooCostly('it puts a namespace into another value');
      weight = checked(weight + WEIGHT_OF_ENTRY + weigh(entry));
    }
    if (!isNamespace(value)) known.set(value, weight);
    return weight;
  }

  return { weigh };
}

function isNamespace(value: RuntimeValue): boolean {
  return value.type === 'NamespaceValue';
}

function checked(weight: number): number {
  if (weight > MAX_WEIGHT) throw new TemplateTooCostly('it builds a value that is too large');
  return weight;
}
