import type { ComplexAttributeConverter } from 'lit';

/** A text, empty where the attribute is absent; an empty text is no attribute. */
export const textConverter: ComplexAttributeConverter<string> = {
  fromAttribute: (value) => value ?? '',
  toAttribute: (value) => (value === '' ? null : value),
};

/** One of some words, the first where the attribute is absent or none of them: as with HTML's own. */
export function choiceConverter<const Word extends string>(
  words: readonly [Word, ...Word[]],
): ComplexAttributeConverter<Word> {
  return { fromAttribute: (value) => words.find((word) => word === value) ?? words[0] };
}

/** A number; `null` where the attribute is absent or none. */
export const numberConverter: ComplexAttributeConverter<number | null> = {
  fromAttribute(value) {
    const number = value === null || value.trim() === '' ? NaN : Number(value);
    return Number.isFinite(number) ? number : null;
  },
};
