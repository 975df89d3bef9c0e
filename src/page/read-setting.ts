import { SAMPLING_RANGES, type SamplingName } from '../client/index';
import { isInRange } from './chat-settings';
import { SETTINGS_TEXT } from './settings-messages';

/** A field's text as it is typed. An empty one is the default. */
export type ReadSetting =
  | { readonly ok: true; readonly value: number | undefined }
  | { readonly ok: false; readonly problem: string };

/** Groups of thousands, as they are written somewhere, all with the same sign between them. */
const THOUSANDS = /^[1-9]\d{0,2}([.,'’ \u00a0\u202f])\d{3}(?:\1\d{3})*$/;

/** Reads what was typed. In a fraction a comma is a point, as in many languages. */
export function readSetting(name: SamplingName, text: string): ReadSetting {
  const typed = text.trim();
  if (typed === '') return { ok: true, value: undefined };
  const { min, max, whole } = SAMPLING_RANGES[name];
  const value = whole ? wholeOf(typed) : Number(typed.replace(',', '.'));
  if (isInRange(name, value)) return { ok: true, value };
  return { ok: false, problem: SETTINGS_TEXT.problem(min, max, whole) };
}

/** A comma or a point elsewhere could mean a fraction, or a slip: none is guessed. */
function wholeOf(typed: string): number {
  if (THOUSANDS.test(typed)) return Number(typed.replaceAll(/\D/g, ''));
  return /[.,]/.test(typed) ? Number.NaN : Number(typed);
}
