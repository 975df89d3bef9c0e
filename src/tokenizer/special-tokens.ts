import { tokenId, type TokenId } from '../base/ids';
import { defined } from '../base/assert';
import { badMetadata } from './metadata';
import { TOKEN_KIND, type Vocabulary } from './vocabulary';

/** Plain text, or the id of a special token that stood there. */
export type Fragment = string | TokenId;

export interface SpecialSplitter {
  /** User-defined tokens are always found; control and unknown tokens only with `parseSpecial`. */
  split(text: string, parseSpecial: boolean): Fragment[];
}

interface TrieNode {
  readonly children: Map<number, TrieNode>;
  match: Match | null;
}

interface Match {
  readonly id: TokenId;
  /** In UTF-16 units: where the match ends. */
  readonly length: number;
  /** In UTF-8 bytes: what "longest" means. */
  readonly bytes: number;
}

interface Claim {
  readonly start: number;
  readonly end: number;
  readonly id: TokenId;
}

/** Far beyond real special tokens; keeps a hostile file from making every position of a text cost its own length. */
const MAX_SPECIAL_UNITS = 1024;
/** Of all of them: each costs hundreds of bytes. Models have a few thousand tokens of ten or twenty. */
const MAX_ALL_UNITS = 2 ** 20;

/** Special tokens that take the white space beside them with them. */
export interface Stripping {
  readonly before: ReadonlySet<TokenId>;
  readonly behind: ReadonlySet<TokenId>;
}

const NO_STRIPPING: Stripping = { before: new Set(), behind: new Set() };

export function createSpecialSplitter(vocabulary: Vocabulary, stripping = NO_STRIPPING): SpecialSplitter {
  const always = new Trie();
  const all = new Trie();
  let units = 0;
  for (const [id, text] of vocabulary.texts.entries()) {
    const kind = vocabulary.kinds[id];
    if (kind === TOKEN_KIND.userDefined || kind === TOKEN_KIND.control) units += text.length;
    if (units > MAX_ALL_UNITS)
      throw badMetadata(
        'tokenizer.ggml.tokens',
        `has special tokens of more than ${MAX_ALL_UNITS} characters together`,
      );
    if (kind === TOKEN_KIND.userDefined) always.add(text, tokenId(id));
    if (kind === TOKEN_KIND.userDefined || kind === TOKEN_KIND.control || kind === TOKEN_KIND.unknown)
      all.add(text, tokenId(id));
  }
  return { split: (text, parseSpecial) => cut(text, claim(text, parseSpecial ? all : always, stripping)) };
}

/**
 * Which special tokens the text holds. As in llama.cpp the longest token of the vocabulary takes all its occurrences first, left
 * to right, then the next shorter one takes what is left, so a long token wins over a short one that begins before it.
 * Time: text length × longest special token, at worst.
 */
function claim(text: string, trie: Trie, stripping: Stripping): Claim[] {
  const startsByBytes = new Map<number, number[]>();
  const enqueue = (start: number, match: Match | null): void => {
    if (match === null) return;
    const starts = startsByBytes.get(match.bytes);
    if (starts === undefined) startsByBytes.set(match.bytes, [start]);
    else starts.push(start);
  };
  for (let start = 0; start < text.length; start += 1) enqueue(start, trie.longestAt(text, start, Infinity));
  if (startsByBytes.size === 0) return [];

  const taken = new Uint8Array(text.length);
  const claims: Claim[] = [];
  for (const bytes of trie.lengthsDescending()) {
    for (const start of (startsByBytes.get(bytes) ?? []).sort((a, b) => a - b)) {
      if (taken[start] === 1) continue;
      const match = defined(trie.longestAt(text, start, bytes + 1), 'the match that was queued');
      const end = start + match.length;
      if (taken.subarray(start, end).includes(1)) enqueue(start, trie.longestAt(text, start, bytes));
      else {
        const from = stripping.before.has(match.id) ? skipBlanks(text, taken, start, -1) : start;
        const to = stripping.behind.has(match.id) ? skipBlanks(text, taken, end, 1) : end;
        taken.fill(1, from, to);
        claims.push({ start: from, end: to, id: match.id });
      }
    }
  }
  return claims.sort((a, b) => a.start - b.start);
}

/** Where the ASCII white space ends that begins at `at`, or, going backwards, ends before it; what is taken stays. */
function skipBlanks(text: string, taken: Uint8Array, at: number, direction: 1 | -1): number {
  let edge = at;
  const next = (): number => (direction === 1 ? edge : edge - 1);
  while (next() >= 0 && next() < text.length && taken[next()] === 0 && /[\t-\r ]/.test(text[next()] ?? ''))
    edge += direction;
  return edge;
}

function cut(text: string, claims: readonly Claim[]): Fragment[] {
  const fragments: Fragment[] = [];
  let done = 0;
  for (const { start, end, id } of claims) {
    if (start > done) fragments.push(text.slice(done, start));
    fragments.push(id);
    done = end;
  }
  if (done < text.length) fragments.push(text.slice(done));
  return fragments;
}

class Trie {
  readonly #root: TrieNode = { children: new Map(), match: null };
  readonly #lengths = new Set<number>();

  add(text: string, id: TokenId): void {
    if (text.length > MAX_SPECIAL_UNITS) {
      throw badMetadata('tokenizer.ggml.tokens', `has a special token of ${text.length} characters (id ${id})`);
    }
    let node = this.#root;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      let child = node.children.get(unit);
      if (child === undefined) {
        child = { children: new Map(), match: null };
        node.children.set(unit, child);
      }
      node = child;
    }
    const bytes = new TextEncoder().encode(text).length;
    node.match = { id, length: text.length, bytes };
    this.#lengths.add(bytes);
  }

  /** The longest token of less than `bytesBelow` bytes that stands at `start`. */
  longestAt(text: string, start: number, bytesBelow: number): Match | null {
    let found: Match | null = null;
    let node = this.#root.children.get(text.charCodeAt(start));
    for (let index = start + 1; node !== undefined; index += 1) {
      if (node.match !== null && node.match.bytes < bytesBelow) found = node.match;
      node = index < text.length ? node.children.get(text.charCodeAt(index)) : undefined;
    }
    return found;
  }

  lengthsDescending(): number[] {
    return [...this.#lengths].sort((a, b) => b - a);
  }
}
