import type { Environment, Interpreter } from '@huggingface/jinja';
import { LenientInterpreter } from './lenient-interpreter';
import { TemplateTooCostly } from './template-errors';
import { rolesIn, type Role } from './template-operands';
import { createWeigher, type Weigher } from './template-weight';

type Node = Parameters<Interpreter['evaluate']>[0];
type RuntimeValue = ReturnType<Interpreter['evaluate']>;

/** Nodes evaluated in one run; a conversation of a thousand messages takes some ten thousand. */
const MAX_STEPS = 1_000_000;
/** What one operation may compare or copy before it counts as a step more. */
const UNITS_PER_STEP = 256;
const MAX_TIME_MS = 3000;
/** Asking the clock at every step would double the cost of cheap ones. */
const STEPS_PER_CLOCK = 16;

/** An operation under way, with how much has been evaluated for it so far. */
interface Operation {
  readonly roles: ReadonlyMap<object, Role>;
  operandSize: number;
  argumentSize: number;
}

/**
 * Jinja's interpreter under a budget, since a template comes with the model file and may be hostile. Bounded are the steps, the size
 * of every value, the time, and, before it runs, the work of an operation that multiplies its operand by its arguments (`replace`,
 * `join`, `indent`, `in` …). Throws `TemplateTooCostly`.
 */
export class BoundedInterpreter extends LenientInterpreter {
  readonly #now: () => number;
  readonly #deadline: number;
  readonly #weigher: Weigher = createWeigher();
  readonly #operations: (Operation | null)[] = [];
  #steps = 0;
  #nextClock = 0;

  /** `now`: milliseconds from any origin. */
  constructor(environment: Environment, now: () => number) {
    super(environment);
    this.#now = now;
    this.#deadline = now() + MAX_TIME_MS;
  }

  override evaluate(node: Node, environment: Environment): RuntimeValue {
    if (node === undefined) return super.evaluate(node, environment);
    const around = this.#operations.at(-1) ?? null;
    const roles = rolesIn(node);
    this.#charge(1);
    // a node without operands of its own passes its children on to the operation around it
    this.#operations.push(roles.size > 0 ? { roles, operandSize: 0, argumentSize: 0 } : around);
    let value: RuntimeValue;
    try {
      value = super.evaluate(node, environment);
    } finally {
      this.#operations.pop();
    }
    const weight = this.#weigher.weigh(value);
    const role = around?.roles.get(node);
    if (around !== null && role !== undefined) this.#chargeOperation(around, role, workOf(value, weight));
    return value;
  }

  /** Every pair of an operand's and an argument's unit may cost something: charged before the operation itself runs. */
  #chargeOperation(operation: Operation, role: Role, size: number): void {
    if (role === 'operand') {
      operation.operandSize += size;
      this.#charge((size * operation.argumentSize) / UNITS_PER_STEP);
    } else {
      operation.argumentSize += size;
      this.#charge((size * operation.operandSize) / UNITS_PER_STEP);
    }
  }

  #charge(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new TemplateTooCostly('it takes too many steps');
    if (this.#steps < this.#nextClock) return;
    this.#nextClock = this.#steps + STEPS_PER_CLOCK;
    if (this.#now() > this.#deadline) throw new TemplateTooCostly('it takes too long');
  }
}

/** A number as argument may be a width or a count: it multiplies like a text of that length. */
function workOf(value: RuntimeValue, weight: number): number {
  return typeof value.value === 'number' ? Math.max(1, Math.abs(value.value)) : weight;
}
