import { ForgelightError } from '../base/errors';
import { tokenId, type TokenId } from '../base/ids';

/** Metadata of a GGUF file by key. Structural: this folder takes what a reader gives and checks it itself. */
export type Metadata = ReadonlyMap<string, unknown>;

export function badMetadata(key: string, problem: string): ForgelightError {
  return new ForgelightError(
    'bad-gguf',
    `The model's tokenizer cannot be used: ${key} ${problem}. Convert the model again with a current llama.cpp, or choose another file.`,
  );
}

export function stringAt(metadata: Metadata, key: string): string | null {
  const value = metadata.get(key);
  if (value === undefined) return null;
  if (typeof value !== 'string') throw badMetadata(key, 'is not a string');
  return value;
}

export function booleanAt(metadata: Metadata, key: string): boolean | null {
  const value = metadata.get(key);
  if (value === undefined) return null;
  if (typeof value !== 'boolean') throw badMetadata(key, 'is not a boolean');
  return value;
}

/** A list that the tokenizer cannot do without. */
export function stringsAt(metadata: Metadata, key: string): readonly string[] {
  const value = metadata.get(key);
  if (value === undefined) throw badMetadata(key, 'is missing');
  if (!isStrings(value)) throw badMetadata(key, 'is not a list of strings');
  return value;
}

/** The first `length` numbers of an optional list, which may be longer. */
export function numbersAt(metadata: Metadata, key: string, length: number): ArrayLike<number> | null {
  const value = metadata.get(key);
  if (value === undefined) return null;
  if (!isList(value)) throw badMetadata(key, 'is not a list of numbers');
  if (value.length < length) throw badMetadata(key, `has ${value.length} entries where ${length} are needed`);
  const numbers = new Float64Array(length);
  for (let index = 0; index < length; index += 1) numbers[index] = Number(value[index]);
  return numbers;
}

/** A token id, `null` where the model has none: converters write -1, or 4294967295, for it, and llama.cpp takes any number outside so. */
export function idAt(metadata: Metadata, key: string, vocabularySize: number): TokenId | null {
  const value = metadata.get(key);
  if (value === undefined) return null;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw badMetadata(key, `is ${describe(value)}, which is no id of a token`);
  }
  return value < 0 || value >= vocabularySize ? null : tokenId(value);
}

function describe(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : `a ${typeof value}`;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
