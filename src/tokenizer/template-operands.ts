import { assert } from '../base/assert';

/** What a child of an operation is to it: the work of some operations is operand × argument. */
export type Role = 'operand' | 'argument';

export interface Operands {
  /** By the node that is evaluated, not the one that wraps it (`key=value`, `*list`). */
  readonly roles: ReadonlyMap<object, Role>;
  /** What evaluating the node costs, its children apart. */
  readonly steps: number;
}

const known = new WeakMap<object, Operands>();

/** Facts of a syntax node, found once. Nodes are read structurally: @huggingface/jinja does not export their classes. */
export function operandsOf(node: object): Operands {
  let operands = known.get(node);
  if (operands === undefined) {
    operands = { roles: findRoles(node), steps: findSteps(node) };
    known.set(node, operands);
  }
  return operands;
}

function findRoles(node: object): ReadonlyMap<object, Role> {
  const roles = new Map<object, Role>();
  const mark = (child: unknown, role: Role): void => {
    if (isNode(child)) roles.set(child, role);
  };
  const markArguments = (call: unknown): void => {
    for (const argument of list(field(call, 'args'))) mark(field(argument, 'argument') ?? keywordValue(argument) ?? argument, 'argument');
  };
  switch (field(node, 'type')) {
    case 'FilterExpression':
      mark(field(node, 'operand'), 'operand');
      markArguments(field(node, 'filter'));
      break;
    case 'FilterStatement':
      for (const part of list(field(node, 'body'))) mark(part, 'operand');
      markArguments(field(node, 'filter'));
      break;
    case 'CallExpression':
      // of `text.replace(a, b)` the callee is a member of the operand; a plain function has no operand
      mark(field(field(node, 'callee'), 'object'), 'operand');
      markArguments(node);
      break;
    case 'BinaryExpression':
      if (!isSearch(field(field(node, 'operator'), 'value'))) break;
      mark(field(node, 'left'), 'argument');
      mark(field(node, 'right'), 'operand');
      break;
  }
  return roles;
}

function isSearch(operator: unknown): boolean {
  return operator === 'in' || operator === 'not in';
}

function keywordValue(argument: unknown): unknown {
  return field(argument, 'type') === 'KeywordArgumentExpression' ? field(argument, 'value') : undefined;
}

/** The interpreter walks the whole body of a macro each time it comes to its definition. */
function findSteps(node: object): number {
  const type = field(node, 'type');
  return type === 'Macro' || type === 'CallStatement' ? countNodes(node) : 1;
}

function countNodes(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + countNodes(item), 0);
  if (value instanceof Map) return countNodes([...value.keys()]) + countNodes([...value.values()]);
  if (!isNode(value)) return 0;
  return 1 + countNodes(Object.values(value));
}

function isNode(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function field(node: unknown, name: string): unknown {
  return isNode(node) ? (node as Readonly<Record<string, unknown>>)[name] : undefined;
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  assert(Array.isArray(value), 'a list of syntax nodes');
  return value;
}
