import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { defined } from '../base/assert';
import { FILTERS, type Arguments } from './template-filters';
import { keyOf, methodOf } from './template-methods';
import { emptyOperandOf, field, filterName, isNode, list, type Emptiness } from './template-operands';
import { OPERATORS } from './template-operators';
import {
  asJson,
  dictValue,
  entriesOf,
  isTrue,
  itemsOf,
  iterate,
  listValue,
  NONE,
  str,
  textValue,
  UNDEFINED,
  type RuntimeValue,
} from './template-values';

type Node = Parameters<Interpreter['evaluate']>[0];

const nodeOf = (text: string): Node => defined(parse(tokenize(text)).body[0], 'the node of an expression');
const EMPTY: Readonly<Record<Emptiness, Node>> = { list: nodeOf('{{ [] }}'), text: nodeOf('{{ "" }}') };

/** What Jinja prints in another way than its port: with these texts. */
const PRINTED_AS_PYTHON = new Set(['BooleanValue', 'ArrayValue', 'TupleValue', 'ObjectValue']);

/** A body of a loop under way: what its iterations printed is kept, also where one ends early. */
interface LoopBody {
  readonly nodes: readonly unknown[];
  text: string;
  ran: boolean;
}

/** What the port can loop over, its items lists where they are tuples. */
function unpackable(value: RuntimeValue): RuntimeValue {
  const items = iterate(value);
  const isTuple = ({ type }: RuntimeValue): boolean => type === 'TupleValue';
  if (itemsOf(value) !== null && !items.some(isTuple)) return value;
  return listValue(items.map((item) => (isTuple(item) ? listValue(itemsOf(item) ?? []) : item)));
}

/** A copy of a node with other children. */
function changed(node: unknown, children: Readonly<Record<string, unknown>>): NonNullable<Node> {
  const copy = Object.create(Reflect.getPrototypeOf(node as object)) as NonNullable<Node>;
  return Object.assign(copy, node, children);
}

function identifier(name: string): { readonly type: string; readonly value: string } {
  return { type: 'Identifier', value: name };
}

/**
 * Jinja as its authors have it, where its JavaScript port refuses or answers otherwise: more filters, methods and operators, keys that
 * are whole numbers, `list.append`, Python's texts of values; loops and filters take a variable that is not defined for an empty one.
 */
export class LenientInterpreter extends Interpreter {
  readonly #emptiness = new WeakMap<object, Emptiness>();
  readonly #bodies = new WeakMap<object, LoopBody>();
  readonly #loopedOver = new WeakSet<object>();
  readonly #printed = new WeakSet<object>();
  #bound = 0;

  override evaluate(node: Node, environment: Environment): RuntimeValue {
    if (node === undefined) return super.evaluate(node, environment);
    for (const name of ['body', 'alternate', 'defaultBlock']) this.#markPrinted(field(node, name));
    const found = emptyOperandOf(node);
    if (found !== null) this.#emptiness.set(found.operand, found.as);
    if (found !== null && node.type === 'For') this.#loopedOver.add(found.operand);
    const value = this.#ownValue(node, environment) ?? super.evaluate(node, environment);
    if (this.#printed.has(node) && PRINTED_AS_PYTHON.has(value.type)) return textValue(str(value));
    if (this.#loopedOver.has(node)) return unpackable(value);
    const as = this.#emptiness.get(node);
    return value.type === 'UndefinedValue' && as !== undefined ? super.evaluate(EMPTY[as], environment) : value;
  }

  #markPrinted(nodes: unknown): void {
    if (!Array.isArray(nodes)) return;
    for (const node of nodes) if (isNode(node)) this.#printed.add(node);
  }

  /** `null`: the port's own value is the right one. */
  #ownValue(node: NonNullable<Node>, environment: Environment): RuntimeValue | null {
    const body = this.#bodies.get(node);
    if (body !== undefined) {
      body.ran = true;
      // A scope for each iteration, as Jinja2 has it: what one sets is not there in the next.
      this.#print(body, body.nodes, new Environment(environment));
      return textValue('');
    }
    switch (node.type) {
      case 'For':
        return this.#loop(node, environment);
      case 'FilterExpression':
        return this.#filter(node, environment);
      case 'CallExpression':
        return this.#call(node, environment);
      case 'BinaryExpression':
        return this.#binary(node, environment);
      case 'ObjectLiteral':
        return this.#dictionary(node, environment);
      case 'MemberExpression':
        return this.#member(node, environment);
      default:
        return null;
    }
  }

  #child(node: unknown, name: string, environment: Environment): RuntimeValue {
    return this.evaluate(field(node, name) as Node, environment);
  }

  /** A node that stands for what is evaluated already, by a name that no template can write. */
  #bind(value: RuntimeValue, scope: Environment): NonNullable<Node> {
    const name = ` ${this.#bound++}`;
    scope.setVariable(name, value);
    return identifier(name);
  }

  /** The port drops what an iteration printed before `continue` or `break`. */
  #loop(node: NonNullable<Node>, environment: Environment): RuntimeValue {
    const body: LoopBody = { nodes: list(field(node, 'body')), text: '', ran: false };
    const inside = { type: 'Program', body: [] };
    this.#bodies.set(inside, body);
    const loop = changed(node, { body: [inside] });
    const otherwise = super.evaluate(loop, environment);
    return body.ran ? textValue(body.text) : otherwise;
  }

  #print(body: LoopBody, nodes: readonly unknown[], environment: Environment): void {
    for (const node of nodes) {
      if (field(node, 'type') === 'If') {
        const branch = isTrue(this.#child(node, 'test', environment)) ? 'body' : 'alternate';
        this.#print(body, list(field(node, branch)), environment);
        continue;
      }
      const value = this.evaluate(node as Node, environment);
      if (value.type !== 'NullValue') body.text += str(value);
    }
  }

  #filter(node: NonNullable<Node>, environment: Environment): RuntimeValue {
    const operand = this.#child(node, 'operand', environment);
    const filter = field(node, 'filter');
    const name = filterName(filter);
    const own = FILTERS.get(String(name));
    if (own !== undefined) {
      const args = this.#arguments(list(field(filter, 'args')), environment);
      return own(operand, args, (other, item, rest) => this.#applied(other, item, rest, environment));
    }
    const scope = new Environment(environment);
    const delegated = changed(node, { operand: this.#bind(name === 'tojson' ? asJson(operand) : operand, scope) });
    return super.evaluate(delegated, scope);
  }

  #applied(name: string, operand: RuntimeValue, args: readonly RuntimeValue[], environment: Environment): RuntimeValue {
    const scope = new Environment(environment);
    const callee = identifier(name);
    const filter =
      args.length === 0
        ? callee
        : { type: 'CallExpression', callee, args: args.map((value) => this.#bind(value, scope)) };
    const node = { type: 'FilterExpression', operand: this.#bind(operand, scope), filter };
    return this.evaluate(node, scope);
  }

  #arguments(nodes: readonly unknown[], environment: Environment): Arguments {
    const positional: RuntimeValue[] = [];
    const named = new Map<string, RuntimeValue>();
    for (const node of nodes) {
      switch (field(node, 'type')) {
        case 'KeywordArgumentExpression':
          named.set(String(field(field(node, 'key'), 'value')), this.#child(node, 'value', environment));
          break;
        case 'SpreadExpression':
          positional.push(...iterate(this.#child(node, 'argument', environment)));
          break;
        default:
          positional.push(this.evaluate(node as Node, environment));
      }
    }
    return { positional, named };
  }

  #call(node: NonNullable<Node>, environment: Environment): RuntimeValue | null {
    const callee = field(node, 'callee');
    if (field(callee, 'type') !== 'MemberExpression' || field(callee, 'computed') === true) return null;
    const object = this.#child(callee, 'object', environment);
    const name = String(field(field(callee, 'property'), 'value'));
    const items = itemsOf(object);
    const method = methodOf(object, name);
    if (method !== null || (items !== null && name === 'append')) {
      const { positional } = this.#arguments(list(field(node, 'args')), environment);
      if (method !== null) return method(positional);
      const longer = listValue([...(items ?? []), positional[0] ?? UNDEFINED]);
      this.#assign(field(callee, 'object'), longer, environment);
      return NONE;
    }
    const scope = new Environment(environment);
    const bound = changed(callee, { object: this.#bind(object, scope) });
    const delegated = changed(node, { callee: bound });
    return super.evaluate(delegated, scope);
  }

  /**
   * Puts a list that grew where it was read from. Lists themselves never change, so that none can hold itself; a second name for the
   * same list keeps the old one.
   */
  #assign(target: unknown, value: RuntimeValue, environment: Environment): void {
    const name = String(field(target, 'value'));
    if (field(target, 'type') === 'Identifier') {
      let owner: Environment | undefined = environment;
      while (owner !== undefined && !owner.variables.has(name)) owner = owner.parent;
      (owner ?? environment).setVariable(name, value);
      return;
    }
    const owner = field(target, 'type') === 'MemberExpression' ? this.#child(target, 'object', environment) : UNDEFINED;
    const property = field(field(target, 'property'), 'value');
    if (owner.type !== 'NamespaceValue') throw new TypeError('append needs a variable or a field of a namespace');
    (owner.value as Map<unknown, RuntimeValue>).set(property, value);
  }

  #binary(node: NonNullable<Node>, environment: Environment): RuntimeValue | null {
    const operator = OPERATORS.get(field(field(node, 'operator'), 'value'));
    if (operator === undefined) return null;
    const left = this.#child(node, 'left', environment);
    const right = this.#child(node, 'right', environment);
    const value = operator(left, right);
    if (value !== null) return value;
    const scope = new Environment(environment);
    const delegated = changed(node, { left: this.#bind(left, scope), right: this.#bind(right, scope) });
    return super.evaluate(delegated, scope);
  }

  #dictionary(node: NonNullable<Node>, environment: Environment): RuntimeValue {
    const entries = new Map<string | number, RuntimeValue>();
    for (const [key, value] of field(node, 'value') as ReadonlyMap<Node, Node>) {
      entries.set(keyOf(this.evaluate(key, environment)), this.evaluate(value, environment));
    }
    return dictValue(entries);
  }

  #member(node: NonNullable<Node>, environment: Environment): RuntimeValue | null {
    const kind = field(field(node, 'property'), 'type');
    if (field(node, 'computed') !== true || kind === 'SliceExpression' || kind === 'StringLiteral') return null;
    const object = this.#child(node, 'object', environment);
    const property = this.#child(node, 'property', environment);
    const entries = entriesOf(object);
    if (entries !== null && property.type === 'IntegerValue') return entries.get(keyOf(property)) ?? UNDEFINED;
    const scope = new Environment(environment);
    const delegated = changed(node, { object: this.#bind(object, scope), property: this.#bind(property, scope) });
    return super.evaluate(delegated, scope);
  }
}
