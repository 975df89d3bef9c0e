import * as v from 'valibot';
import { plainObject } from '../../src/protocol/schema-fields';

/** A body that says nothing. */
export const NOTHING = v.pipe(plainObject(), v.strictObject({}, 'none'));

/** One of several kinds of an object. The message about an unknown field says which are known. */
export function variantOf<const TEntries extends v.ObjectEntries>(entries: TEntries) {
  return v.strictObject(entries, Object.keys(entries).join(' '));
}
