// As much of a document as rendered markdown needs, for tests without a browser: what is made is a tree to look at, and nothing is shown.

type TreeNode = TreeText | TreeElement;

export class TreeText {
  parent: TreeElement | null = null;

  constructor(public data: string) {}

  get textContent(): string {
    return this.data;
  }

  before(text: string): void {
    this.parent?.insert(text, this);
  }

  remove(): void {
    this.parent?.drop(this);
  }
}

export class TreeElement {
  parent: TreeElement | null = null;
  readonly attributes = new Map<string, string>();
  readonly #children: TreeNode[] = [];

  constructor(
    readonly tag: string,
    /** HTML text that somebody had parsed. */
    readonly parsed: string[],
  ) {}

  get children(): readonly TreeNode[] {
    return this.#children;
  }

  get textContent(): string {
    return this.#children.map(({ textContent }) => textContent).join('');
  }

  set innerHTML(html: string) {
    this.parsed.push(html);
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  append(...nodes: readonly (TreeNode | string)[]): void {
    for (const node of nodes) this.insert(node, null);
  }

  replaceChildren(...nodes: readonly (TreeNode | string)[]): void {
    for (const child of [...this.#children]) this.drop(child);
    this.append(...nodes);
  }

  /** `next`: what stands behind it then. */
  insert(node: TreeNode | string, next: TreeNode | null): void {
    const given = typeof node === 'string' ? new TreeText(node) : node;
    given.parent?.drop(given);
    given.parent = this;
    this.#children.splice(next === null ? this.#children.length : this.#children.indexOf(next), 0, given);
  }

  drop(node: TreeNode): void {
    this.#children.splice(this.#children.indexOf(node), 1);
    node.parent = null;
  }

  /** This one and all that are in it. */
  *elements(): Generator<TreeElement> {
    yield this;
    for (const child of this.#children) if (child instanceof TreeElement) yield* child.elements();
  }

  /** Text that is not one stands for itself: how it is divided into nodes does not matter. */
  get shape(): string {
    const attributes = [...this.attributes].map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join('');
    const inside = this.#children.map((child) => (child instanceof TreeText ? child.data : child.shape)).join('');
    return `<${this.tag}${attributes}>${inside}</${this.tag}>`;
  }
}

/** Works with such a document in the place of the global one; given are the HTML texts that are parsed with it. */
export function withTreeDocument(work: (parsed: readonly string[]) => void): void {
  const parsed: string[] = [];
  const document = {
    createElement: (tag: string) => new TreeElement(tag, parsed),
    createTextNode: (text: string) => new TreeText(text),
  };
  Object.assign(globalThis, { document });
  try {
    work(parsed);
  } finally {
    Reflect.deleteProperty(globalThis, 'document');
  }
}
