import { SAMPLING_RANGES, type SamplingName } from '../client/index';
import { isInRange } from './chat-settings';
import { SETTINGS_TEXT } from './settings-messages';

/** A field's text as it is typed. An empty one is the default. */
export type ReadSetting =
  | { readonly ok: true; readonly value: number | undefined }
  | { readonly ok: false; readonly problem: string };

/** Reads what was typed. A comma is a point, as in many languages. */
export function readSetting(name: SamplingName, text: string): ReadSetting {
  const typed = text.trim().replace(',', '.');
  if (typed === '') return { ok: true, value: undefined };
  const value = Number(typed);
  if (isInRange(name, value)) return { ok: true, value };
  const { min, max, whole } = SAMPLING_RANGES[name];
  return { ok: false, problem: SETTINGS_TEXT.problem(min, max, whole) };
}
