import { Interpreter, parse, tokenize, type Environment } from '@huggingface/jinja';
import { defined } from '../base/assert';
import { emptyOperandOf, type Emptiness } from './template-operands';

type Node = Parameters<Interpreter['evaluate']>[0];
type RuntimeValue = ReturnType<Interpreter['evaluate']>;

const nodeOf = (text: string): Node => defined(parse(tokenize(text)).body[0], 'the node of an expression');
const EMPTY: Readonly<Record<Emptiness, Node>> = { list: nodeOf('{{ [] }}'), text: nodeOf('{{ "" }}') };

/** What Jinja allows and its JavaScript port refuses: loops and filters take a variable that is not defined for an empty one. */
export class LenientInterpreter extends Interpreter {
  readonly #emptiness = new WeakMap<object, Emptiness>();

  override evaluate(node: Node, environment: Environment): RuntimeValue {
    if (node === undefined) return super.evaluate(node, environment);
    const found = emptyOperandOf(node);
    if (found !== null) this.#emptiness.set(found.operand, found.as);
    const value = super.evaluate(node, environment);
    const as = this.#emptiness.get(node);
    return value.type === 'UndefinedValue' && as !== undefined ? super.evaluate(EMPTY[as], environment) : value;
  }
}
