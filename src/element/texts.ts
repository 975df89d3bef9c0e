import { ForgelightError } from '../base/errors';
import { ERROR_TEXT, TEXT } from './messages';

/** All texts of the element: words, and functions that put figures into words. `errors` has a title and an advice for each code. */
export type Texts = typeof TEXT & { readonly errors: typeof ERROR_TEXT };

/** Some of them, in the same groups. `lang` names their language. */
export type PartialTexts = {
  readonly [Group in keyof Texts]?: Texts[Group] extends string ? string : Partial<Texts[Group]>;
};

type Node = Record<string, unknown>;

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** The groups that are shown; `useTexts` changes what is in them. */
const shown: Node = { ...TEXT, errors: ERROR_TEXT };
const english = copyOf(shown);
const listeners = new Set<() => void>();

/**
 * Puts `texts` in place of the English ones, in every element of the page, those that exist already included; what `texts` leaves out is
 * English. Throws `invalid-request` naming a text that does not exist, or is another kind of thing there; then nothing has changed.
 *
 * ```js
 * useTexts({ lang: 'de', poster: { load: 'Modell laden' }, composer: { send: 'Senden' } });
 * ```
 */
export function useTexts(texts: PartialTexts): void {
  const wanted = copyOf(english);
  merge(wanted, texts as Node, 'texts');
  for (const [name, text] of Object.entries(wanted)) {
    const group = shown[name];
    // The groups stay the objects that they are: whoever shows texts holds them.
    if (isNode(group) && isNode(text)) Object.assign(group, text);
    else Reflect.set(TEXT, name, text);
  }
  for (const listener of listeners) listener();
}

/** Calls `listener` whenever the texts have changed; the returned function takes it back. */
export function onTexts(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function copyOf(node: Node): Node {
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, isNode(value) ? copyOf(value) : value]));
}

function merge(into: Node, given: Node, where: string): void {
  for (const [name, text] of Object.entries(given)) {
    const before = into[name];
    const path = `${where}.${name}`;
    if (typeof before !== typeof text || !Object.hasOwn(into, name)) {
      const problem = before === undefined ? 'is no text of the element' : `must be a ${typeof before}`;
      throw new ForgelightError('invalid-request', `${path} ${problem}.`, { param: path });
    }
    if (isNode(before) && isNode(text)) merge(before, text, path);
    else into[name] = text;
  }
}
