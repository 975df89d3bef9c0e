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
  readonly match: Match;
}

/** Far beyond real special tokens; keeps a hostile file from making every position of a text cost its own length. */
const MAX_SPECIAL_UNITS = 1024;

export function createSpecialSplitter(vocabulary: Vocabulary): SpecialSplitter {
  const always = new Trie();
  const all = new Trie();
  for (const [id, text] of vocabulary.texts.entries()) {
    const kind = vocabulary.kinds[id];
    if (kind === TOKEN_KIND.userDefined) always.add(text, tokenId(id));
    if (kind === TOKEN_KIND.userDefined || kind === TOKEN_KIND.control || kind === TOKEN_KIND.unknown)
      all.add(text, tokenId(id));
  }
  return { split: (text, parseSpecial) => cut(text, claim(text, parseSpecial ? all : always)) };
}

/**
 * Which special tokens the text holds. As in llama.cpp the longest token of the vocabulary takes all its occurrences first, left
 * to right, then the next shorter one takes what is left, so a long token wins over a short one that begins before it.
 * Time: text length × longest special token, at worst.
 */
function claim(text: string, trie: Trie): Claim[] {
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
        taken.fill(1, start, end);
        claims.push({ start, match });
      }
    }
  }
  return claims.sort((a, b) => a.start - b.start);
}

function cut(text: string, claims: readonly Claim[]): Fragment[] {
  const fragments: Fragment[] = [];
  let end = 0;
  for (const { start, match } of claims) {
    if (start > end) fragments.push(text.slice(end, start));
    fragments.push(match.id);
    end = start + match.length;
  }
  if (end < text.length) fragments.push(text.slice(end));
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
