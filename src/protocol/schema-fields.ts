import * as v from 'valibot';

/** The kinds of fields that request and option schemas are made of. Each carries its predicate for error messages. */

/** An object with these entries and no others. */
export function object<const TEntries extends v.ObjectEntries>(entries: TEntries) {
  const known = Object.keys(entries).join(' '); // the message about an unknown field says which are known
  return v.pipe(plainObject(), v.strictObject(entries, known));
}

/** Any object that is not an array. */
export function plainObject() {
  return v.custom<Record<string, unknown>>(
    (input) => typeof input === 'object' && input !== null && !Array.isArray(input),
    'must be an object',
  );
}

export function numberFrom(min: number, max: number) {
  const message = `must be a number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.minValue(min, message), v.maxValue(max, message));
}

export function integerFrom(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

export function boolean() {
  return v.boolean('must be true or false');
}

export function textOf(min: number, max: number) {
  const message = `must be text of ${min} to ${max} characters`;
  return v.pipe(v.string(message), v.minLength(min, message), v.maxLength(max, message));
}

export function listOf<TItem extends v.GenericSchema>(item: TItem, min: number, max: number, what: string) {
  const message = `must be an array of ${min} to ${max} ${what}`;
  return v.pipe(v.array(item, message), v.minLength(min, message), v.maxLength(max, message));
}

export function oneOf<const TOptions extends readonly (string | number)[]>(options: TOptions) {
  return v.picklist(options, `must be ${options.map((option) => JSON.stringify(option)).join(' or ')}`);
}

/** A field that exists elsewhere and does nothing here: absent or null, else refused by name. */
export function refused(reason: string) {
  return v.nullish(v.never(`is not supported: ${reason}`));
}

/** The same for lists, of which an empty one says nothing. */
export function refusedList(reason: string) {
  return v.nullish(
    v.pipe(v.array(v.unknown(), `is not supported: ${reason}`), v.maxLength(0, `is not supported: ${reason}`)),
  );
}

/** A field that is accepted and does nothing. */
export function ignored() {
  return v.optional(v.unknown());
}

/** Plain data of bounded size, as JSON has it; the walk ends on cycles too. */
export function boundedJson(maxNodes: number, maxCharacters: number) {
  const fits = (root: Record<string, unknown>): boolean => {
    const waiting: unknown[] = [root];
    let characters = 0;
    for (let nodes = 0; waiting.length > 0; nodes += 1) {
      const node = waiting.pop();
      if (nodes >= maxNodes || waiting.length > maxNodes) return false;
      if (typeof node === 'string') characters += node.length;
      else if (Array.isArray(node)) waiting.push(...node.slice(0, maxNodes + 1));
      else if (typeof node === 'object' && node !== null) {
        const keys = Object.keys(node);
        characters += keys.reduce((sum, key) => sum + key.length, 0);
        waiting.push(...Object.values(node).slice(0, maxNodes + 1));
      } else if (typeof node === 'function' || typeof node === 'symbol' || typeof node === 'bigint') return false;
      if (characters > maxCharacters) return false;
    }
    return true;
  };
  return v.check<Record<string, unknown>, string>(
    fits,
    `is too large or not plain data: at most ${maxNodes} values and ${maxCharacters} characters`,
  );
}

/** For the fields whose type decides how they are read. */
export function textOr<TText extends v.GenericSchema, TOther extends v.GenericSchema>(text: TText, other: TOther) {
  return v.lazy((input): TText | TOther => (typeof input === 'string' ? text : other));
}
