import { assert } from '../base/assert';

/** What a child of an operation is to it: the work of some operations is operand × argument. */
export type Role = 'operand' | 'argument';

const known = new WeakMap<object, ReadonlyMap<object, Role>>();

/**
 * The roles of the nodes that are evaluated for a syntax node: not of those that wrap them (`key=value`, `*list`). Found once. Nodes are
 * read structurally: @huggingface/jinja does not export their classes.
 */
export function rolesIn(node: object): ReadonlyMap<object, Role> {
  let roles = known.get(node);
  if (roles === undefined) {
    roles = findRoles(node);
    known.set(node, roles);
  }
  return roles;
}

function findRoles(node: object): ReadonlyMap<object, Role> {
  const roles = new Map<object, Role>();
  const mark = (child: unknown, role: Role): void => {
    if (isNode(child)) roles.set(child, role);
  };
  const markArguments = (call: unknown): void => {
    for (const argument of list(field(call, 'args')))
      mark(field(argument, 'argument') ?? keywordValue(argument) ?? argument, 'argument');
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

const EMPTY_BY_FILTER: ReadonlyMap<unknown, Emptiness> = new Map<unknown, Emptiness>([
  ...['length', 'list', 'join', 'selectattr', 'rejectattr', 'map'].map((name) => [name, 'list'] as const),
  ...['trim', 'lower', 'upper', 'title', 'capitalize', 'replace'].map((name) => [name, 'text'] as const),
]);

/** What stands for a variable that is not defined. */
export type Emptiness = 'list' | 'text';

/** The child that a loop or a filter takes for empty when it is not defined; `null` for other nodes. */
export function emptyOperandOf(node: object): { readonly operand: object; readonly as: Emptiness } | null {
  switch (field(node, 'type')) {
    case 'For': {
      const iterable = field(node, 'iterable');
      const operand = field(iterable, 'type') === 'SelectExpression' ? field(iterable, 'lhs') : iterable;
      return isNode(operand) ? { operand, as: 'list' } : null;
    }
    case 'FilterExpression': {
      const filter = field(node, 'filter');
      const as = EMPTY_BY_FILTER.get(filterName(filter));
      const operand = field(node, 'operand');
      return as !== undefined && isNode(operand) ? { operand, as } : null;
    }
    default:
      return null;
  }
}

function isSearch(operator: unknown): boolean {
  return operator === 'in' || operator === 'not in';
}

function keywordValue(argument: unknown): unknown {
  return field(argument, 'type') === 'KeywordArgumentExpression' ? field(argument, 'value') : undefined;
}

export function isNode(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The name of a filter, with or without arguments. */
export function filterName(filter: unknown): unknown {
  return field(filter, 'value') ?? field(field(filter, 'callee'), 'value');
}

export function field(node: unknown, name: string): unknown {
  return isNode(node) ? (node as Readonly<Record<string, unknown>>)[name] : undefined;
}

export function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  assert(Array.isArray(value), 'a list of syntax nodes');
  return value;
}
