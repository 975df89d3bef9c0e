import type { QuantFormat } from '../../src/quant/format';

/** How often matvec reads a word of a format's weights, as its shader says. */
export interface WeightWords {
  /** Neighbouring units of 32 weights whose shared words are read once. */
  readonly groupUnits: number;
  /** Read for a unit, its part of the group's among them. */
  readonly read: number;
  /** A unit's part of its block's bytes. */
  readonly ideal: number;
}

/** The functions of a linked text, whose bodies are indented: name → body. */
function functionsOf(text: string): ReadonlyMap<string, string> {
  const code = text.replace(/\/\/.*/g, '');
  return new Map([...code.matchAll(/^fn (\w+)\([^{]*{\n(.*?)^}/gms)].map(([, name = '', body = '']) => [name, body]));
}

function count(body: string, pattern: RegExp): number {
  return [...body.matchAll(pattern)].length;
}

/**
 * The words of `weights` that a call of a function reads, in what it calls too; a branch counts as taken. Throws where the
 * text does not say how many: for loops, and for weights that are handed on.
 */
export function wordsRead(text: string, name: string): number {
  const functions = functionsOf(text);
  const of = (called: string): number => {
    const body = functions.get(called);
    if (body === undefined) throw new Error(`no function ${called}`);
    const own = count(body, /\bweights\[/g);
    if (own !== count(body, /\bweights\b/g)) throw new Error(`${called} hands the weights on`);
    let words = own;
    for (const other of functions.keys()) {
      const calls = count(body, new RegExp(`\\b${other}\\(`, 'g'));
      if (calls > 0) words += calls * of(other);
    }
    if (words > 0 && /\b(?:for|while|loop)\b/.test(body)) throw new Error(`${called} reads weights and has a loop`);
    return words;
  };
  return of(name);
}

/** `text`: the format's linked module; `unit`: its function that gives a unit. */
export function weightWords(format: QuantFormat, text: string, unit = 'dequant_unit'): WeightWords {
  const groupUnits = Number(/^const GROUP_UNITS: u32 = (\d+)u;/m.exec(text)?.[1]);
  return {
    groupUnits,
    read: wordsRead(text, 'group_words') / groupUnits + wordsRead(text, unit),
    ideal: (format.blockBytes / 4) * (32 / format.blockElements),
  };
}
