/** How BERT's text is normalised. */
export interface NormalisedWordsOptions {
  readonly lowerCase: boolean;
  /** Characters lose their accents: each is replaced by the first one of its decomposition, combining marks are left out. */
  readonly stripAccents: boolean;
}

/** BERT's own list of ideographs (`_is_chinese_char`), with the gap that its Rust port brought in at U+2B820. */
const IDEOGRAPH =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/u;
const SIGN = /[\p{P}$+<=>^`|~]/u;
const WHITE_SPACE = /\p{White_Space}/u;
/** Control, format and private characters, and what stands for broken ones. */
const DROPPED = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/u;
const MARK = /\p{M}/u;

const MAX_CACHED_CHARACTERS = 8192;

type CharacterEffect =
  | { readonly kind: 'part'; readonly text: string }
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'space' }
  | { readonly kind: 'nothing' };

/** Effects of characters by options; text repeats its characters. */
const caches = new Map<string, Map<string, CharacterEffect>>();

/** The words of a text as llama.cpp finds them: white space parts them, signs and ideographs are words of their own. */
export function normalisedWords(text: string, options: NormalisedWordsOptions): string[] {
  const effects = cacheFor(options);
  const words: string[] = [];
  let parts: string[] = [];
  const finish = (): void => {
    if (parts.length > 0) words.push(parts.join(''));
    parts = [];
  };
  for (const character of text) {
    let effect = effects.get(character);
    if (effect === undefined) {
      effect = effectOf(character, options);
      if (effects.size >= MAX_CACHED_CHARACTERS) effects.clear();
      effects.set(character, effect);
    }
    switch (effect.kind) {
      case 'part':
        parts.push(effect.text);
        break;
      case 'word':
        finish();
        words.push(effect.text);
        break;
      case 'space':
        finish();
        break;
      case 'nothing':
        break;
    }
  }
  finish();
  return words;
}

function cacheFor({ lowerCase, stripAccents }: NormalisedWordsOptions): Map<string, CharacterEffect> {
  const key = `${lowerCase} ${stripAccents}`;
  const known = caches.get(key);
  if (known !== undefined) return known;
  const fresh = new Map<string, CharacterEffect>();
  caches.set(key, fresh);
  return fresh;
}

function effectOf(character: string, { lowerCase, stripAccents }: NormalisedWordsOptions): CharacterEffect {
  const base = stripAccents ? firstCharacter(character.normalize('NFD')) : character;
  if (WHITE_SPACE.test(base)) return { kind: 'space' };
  if (DROPPED.test(base) || (stripAccents && MARK.test(base))) return { kind: 'nothing' };
  const text = lowerCase ? firstCharacter(base.toLowerCase()) : base;
  return { kind: SIGN.test(base) || IDEOGRAPH.test(base) ? 'word' : 'part', text };
}

function firstCharacter(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0);
}
