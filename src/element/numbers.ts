import type { NumberWriter } from '../base/units';
import { TEXT } from './messages';

const writers = new Map<string, NumberWriter>();

/** Writes numbers as they are written in `lang`; where that is empty or no language, as in the language of the texts. */
export function numbersOf(lang: string): NumberWriter {
  const wanted = lang === '' ? TEXT.lang : lang;
  const known = writers.get(wanted) ?? writerOf(wanted);
  writers.set(wanted, known);
  return known;
}

function writerOf(lang: string): NumberWriter {
  const format = (digits: number): Intl.NumberFormat => {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false } as const;
    try {
      return new Intl.NumberFormat(lang, options);
    } catch {
      // Not a language tag at all: pages may write anything there.
      return new Intl.NumberFormat('en', options);
    }
  };
  const formats = [format(0), format(1), format(2)];
  return (value, fractionDigits) => (formats[fractionDigits] ?? format(fractionDigits)).format(value);
}
