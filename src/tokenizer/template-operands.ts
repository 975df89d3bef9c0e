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

const LIST_FILTERS: ReadonlySet<unknown> = new Set([
  'length',
  'list',
  'join',
  'selectattr',
  'rejectattr',
  'map',
  'first',
  'last',
]);

/** The child of a loop or a filter that is to be a list, `null` for other nodes. */
export function listOperandOf(node: object): object | null {
  const operand = listOperand(node);
  return isNode(operand) ? operand : null;
}

function listOperand(node: object): unknown {
  const filter = field(node, 'filter');
  switch (field(node, 'type')) {
    case 'For': {
      const iterable = field(node, 'iterable');
      return field(iterable, 'type') === 'SelectExpression' ? field(iterable, 'lhs') : iterable;
    }
    case 'FilterExpression':
      return LIST_FILTERS.has(field(filter, 'value') ?? field(field(filter, 'callee'), 'value'))
        ? field(node, 'operand')
        : null;
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
