import { Interpreter, parse, tokenize, type Environment } from '@huggingface/jinja';
import { defined } from '../base/assert';
import { listOperandOf } from './template-operands';

type Node = Parameters<Interpreter['evaluate']>[0];
type RuntimeValue = ReturnType<Interpreter['evaluate']>;

const EMPTY_LIST = defined(parse(tokenize('{{ [] }}')).body[0], 'the node of an empty list');

/** What Jinja allows and its JavaScript port refuses: where a list is asked for, a variable that is not defined is an empty one. */
export class LenientInterpreter extends Interpreter {
  readonly #lists = new WeakSet<object>();

  override evaluate(node: Node, environment: Environment): RuntimeValue {
    const operand = node === undefined ? null : listOperandOf(node);
    if (operand !== null) this.#lists.add(operand);
    const value = super.evaluate(node, environment);
    const isEmptyList = value.type === 'UndefinedValue' && node !== undefined && this.#lists.has(node);
    return isEmptyList ? super.evaluate(EMPTY_LIST, environment) : value;
  }
}
