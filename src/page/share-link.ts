import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import { parseAddress } from './model-choice';

/** What a link asks for. Nothing of it is fetched or applied before the person has agreed. */
export interface SharedLink {
  readonly model: SharedModel | null;
  /** The system prompt; empty: none. */
  readonly system: string;
}

/** `reference` is a string: files do not travel in links. */
export type SharedModel = ModelChoice & { readonly reference: string };

export type ParsedLink =
  /** No link of ours. */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'offer'; readonly link: SharedLink };

export type MadeLink =
  | { readonly ok: true; readonly url: string; readonly note: string }
  | { readonly ok: false; readonly problem: string };

const MAX_REFERENCE_CHARS = 2000;
const MAX_SYSTEM_CHARS = 8000;
/** With every character written as three bytes in percent signs. */
const MAX_HASH_CHARS = 9 * (MAX_REFERENCE_CHARS + MAX_SYSTEM_CHARS);
const STORED = /^sha256:[0-9a-f]{64}$/i;
/**
 * What is not seen, or turns the writing around, so that a text reads as another one: controls, directions, fillers, variants, tags.
 * The joiners of letters (ZWJ, ZWNJ) stay, and so does the mark that makes an emoji of the character before it.
 */
const UNSEEN =
  /(?![\t\n\u200c\u200d]|(?<=\p{Emoji})\ufe0f)[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb]/gu;

/** Reads `#m=<reference>&sys=<system prompt>`. A link may be anyone's; other keys mean nothing here, so that nothing is ever sent by a link. */
export function parseShareLink(hash: string): ParsedLink {
  if (!/^#(.*&)?(m|sys)=/.test(hash)) return { kind: 'none' };
  const text = TEXT.shared.problems;
  if (hash.length > MAX_HASH_CHARS) return { kind: 'refused', problem: text.tooLong };
  const fields = new URLSearchParams(hash.slice(1));
  const reference = fields.get('m') ?? '';
  const system = visible((fields.get('sys') ?? '').replaceAll('\r\n', '\n')).trim();
  if (reference.length > MAX_REFERENCE_CHARS || system.length > MAX_SYSTEM_CHARS) {
    return { kind: 'refused', problem: text.tooLong };
  }
  if (reference === '') return system === '' ? { kind: 'none' } : { kind: 'offer', link: { model: null, system } };
  const model = sharedModel(reference);
  return model === null ? { kind: 'refused', problem: text.reference } : { kind: 'offer', link: { model, system } };
}

/**
 * A link to the page with this model and system prompt, or why there is none.
 *
 * @param pageUrl the page's address; what stands behind its path is left out
 */
export function makeShareLink(pageUrl: string, choice: ModelChoice, system: string): MadeLink {
  const { problems, notes } = TEXT.shared;
  const { name } = choice;
  if (typeof choice.reference !== 'string') return { ok: false, problem: problems.file(name) };
  const reference = choice.local ? choice.addresses?.find(isReachable) : choice.reference;
  if (reference === undefined) return { ok: false, problem: problems.thisComputer(name) };
  const seen = visible(system.replaceAll('\r\n', '\n')).trim();
  if (reference.length > MAX_REFERENCE_CHARS || seen.length > MAX_SYSTEM_CHARS) {
    return { ok: false, problem: problems.systemTooLong };
  }
  if (sharedModel(reference) === null) return { ok: false, problem: problems.notSharable(name) };
  const url = new URL(pageUrl);
  url.search = '';
  url.hash = new URLSearchParams({ m: reference, ...(seen === '' ? {} : { sys: seen }) }).toString();
  return { ok: true, url: url.href, note: STORED.test(reference) ? notes.keptOnly : notes.copied };
}

/** Where a reference leads, in the words that a person judges it by: on a host of many, the path says whose it is. */
export function placeOf(reference: string): string {
  if (STORED.test(reference)) return TEXT.shared.kept;
  if (/^hf:/i.test(reference)) return TEXT.shared.hub(visible(reference.slice(3).split(/[/:]/).slice(0, 2).join('/')));
  const { host, pathname } = new URL(reference);
  return host + pathname;
}

/** `https:`, `hf:` and `sha256:`; `null` for all else. */
function sharedModel(reference: string): SharedModel | null {
  if (STORED.test(reference)) {
    return { reference: reference.toLowerCase(), name: TEXT.shared.byHash(reference.slice(7, 19)), local: false };
  }
  if (reference !== visible(reference) || /\s/.test(reference)) return null;
  const parsed = parseAddress(reference);
  if (!parsed.ok || typeof parsed.choice.reference !== 'string') return null;
  const { reference: address } = parsed.choice;
  const choice = { ...parsed.choice, reference: address, name: visible(parsed.choice.name) };
  if (address.startsWith('hf:')) return choice;
  const url = new URL(address);
  // A name before the host is there to be taken for it.
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  return { ...choice, reference: url.href };
}

/** By others: what this computer serves is not. */
function isReachable(address: string): boolean {
  return sharedModel(address)?.local === false;
}

function visible(text: string): string {
  return text.replaceAll(UNSEEN, '');
}
