import temml from 'temml';

// Fetched with the first formula.

const MATHML = 'http://www.w3.org/1998/Math/MathML';

/** Of presentation MathML what shows formulas: nothing that links, acts or holds something foreign. */
const ELEMENTS: ReadonlySet<string> = new Set([
  ...[
    'math',
    'mrow',
    'mi',
    'mn',
    'mo',
    'mtext',
    'ms',
    'mspace',
    'mfrac',
    'msqrt',
    'mroot',
    'mstyle',
    'merror',
    'mpadded',
  ],
  ...[
    'mphantom',
    'menclose',
    'msub',
    'msup',
    'msubsup',
    'munder',
    'mover',
    'munderover',
    'mmultiscripts',
    'mprescripts',
  ],
  ...['none', 'mtable', 'mtr', 'mtd'],
]);
const ATTRIBUTES: ReadonlySet<string> = new Set([
  ...[
    'display',
    'displaystyle',
    'scriptlevel',
    'mathvariant',
    'stretchy',
    'symmetric',
    'fence',
    'separator',
    'form',
    'largeop',
  ],
  ...[
    'movablelimits',
    'lspace',
    'rspace',
    'minsize',
    'maxsize',
    'linethickness',
    'accent',
    'accentunder',
    'width',
    'height',
  ],
  ...[
    'depth',
    'voffset',
    'columnalign',
    'rowspacing',
    'columnspacing',
    'columnlines',
    'rowlines',
    'columnspan',
    'notation',
  ],
]);
const STYLES = ['color', 'paddingLeft', 'paddingRight', 'textAlign'] as const;
const STYLE_VALUE = /^(?:#[\da-f]{3,8}|[a-z]{1,24}|-?[\d.]{1,6}(?:em|ex|pt)?)$/i;
/** Formulas raise by less than two letters; what goes further is meant to be somewhere else on the page. */
const SHIFT = /^-?(?:[01]?(?:\.\d+)?em|\d(?:\.\d+)?pt)$/;

/** A node of the library's tree: text, an element, or a fragment without a name. */
interface TreeNode {
  readonly text?: unknown;
  readonly type?: unknown;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly style?: Readonly<Record<string, unknown>>;
  readonly children?: readonly TreeNode[];
}

/** `source` with its delimiters, as MathML; `null` where it is no TeX. The library's tree becomes nodes of the list above, without any text of markup. */
export function formula(source: string, kind: string): DocumentFragment | null {
  const delimiter = source.startsWith('$') && !source.startsWith('$$') ? 1 : 2;
  const tex = source.slice(delimiter, -delimiter).trim();
  let tree: TreeNode;
  try {
    tree = temml.__renderToMathMLTree(tex, {
      displayMode: kind === 'display',
      throwOnError: true,
      trust: false,
      maxSize: [20, 200],
      maxExpand: 100,
    }) as TreeNode;
  } catch {
    // A model's mistake, or what is no formula: its source is shown.
    return null;
  }
  const fragment = document.createDocumentFragment();
  fragment.append(...nodesOf(tree));
  return fragment;
}

function nodesOf({ text, type, attributes = {}, style = {}, children = [] }: TreeNode): Node[] {
  if (typeof text === 'string') return [document.createTextNode(text)];
  const inside = children.flatMap(nodesOf);
  if (typeof type !== 'string' || !ELEMENTS.has(type)) return inside;
  const element = document.createElementNS(MATHML, type);
  for (const [name, value] of Object.entries(attributes)) {
    if (!ATTRIBUTES.has(name) || !isPlain(value)) continue;
    if (name !== 'voffset' || SHIFT.test(String(value))) element.setAttribute(name, String(value));
  }
  setStyle(element, style);
  element.append(...inside);
  return [element];
}

/** By properties, because a style attribute would need a page whose policy allows those. */
function setStyle(element: Element, style: Readonly<Record<string, unknown>>): void {
  if (!(element instanceof MathMLElement)) return;
  for (const name of STYLES) {
    const value = style[name];
    if (typeof value === 'string' && STYLE_VALUE.test(value)) element.style[name] = value;
  }
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
