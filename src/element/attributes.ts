import type { ComplexAttributeConverter } from 'lit';

/** A text, empty where the attribute is absent; an empty text is no attribute. */
export const textConverter: ComplexAttributeConverter<string> = {
  fromAttribute: (value) => value ?? '',
  toAttribute: (value) => (value === '' ? null : value),
};

/** A number; `null` where the attribute is absent or none. */
export const numberConverter: ComplexAttributeConverter<number | null> = {
  fromAttribute(value) {
    const number = value === null || value.trim() === '' ? NaN : Number(value);
    return Number.isFinite(number) ? number : null;
  },
};
