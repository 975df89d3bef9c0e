import { ForgelightError } from '../base/errors';
import { CONVERT_AGAIN, quoted } from './bad-gguf';
import type { GgufMetadata, GgufValue } from './types';

/**
 * Typed access to metadata. Each function throws `bad-gguf` naming the key when the value has another type, and when it is
 * absent and no fallback is given.
 */
export function getString(metadata: GgufMetadata, key: string): string;
export function getString<T>(metadata: GgufMetadata, key: string, fallback: T): string | T;
export function getString(metadata: GgufMetadata, key: string, fallback?: unknown): unknown {
  return get(metadata, key, fallback, 'a string', (value) => (typeof value === 'string' ? value : null));
}

export function getBoolean(metadata: GgufMetadata, key: string): boolean;
export function getBoolean<T>(metadata: GgufMetadata, key: string, fallback: T): boolean | T;
export function getBoolean(metadata: GgufMetadata, key: string, fallback?: unknown): unknown {
  return get(metadata, key, fallback, 'a boolean', (value) => (typeof value === 'boolean' ? value : null));
}

/** Any finite number of any numeric type; 64-bit integers beyond 2^53 are refused. */
export function getNumber(metadata: GgufMetadata, key: string): number;
export function getNumber<T>(metadata: GgufMetadata, key: string, fallback: T): number | T;
export function getNumber(metadata: GgufMetadata, key: string, fallback?: unknown): unknown {
  return get(metadata, key, fallback, 'a number', (value) => (Number.isFinite(value) ? value : null));
}

/** A safe integer from 0 on: a size, a count, a token id. */
export function getCount(metadata: GgufMetadata, key: string): number;
export function getCount<T>(metadata: GgufMetadata, key: string, fallback: T): number | T;
export function getCount(metadata: GgufMetadata, key: string, fallback?: unknown): unknown {
  return get(metadata, key, fallback, 'a whole number from 0 on', (value) => (isCount(value) ? value : null));
}

export function getStrings(metadata: GgufMetadata, key: string): readonly string[];
export function getStrings<T>(metadata: GgufMetadata, key: string, fallback: T): readonly string[] | T;
export function getStrings(metadata: GgufMetadata, key: string, fallback?: unknown): unknown {
  return get(metadata, key, fallback, 'an array of strings', (value) => {
    return Array.isArray(value) && value.every((element) => typeof element === 'string') ? value : null;
  });
}

export function getBooleans(metadata: GgufMetadata, key: string): readonly boolean[] {
  return get(metadata, key, undefined, 'an array of booleans', (value) => {
    return Array.isArray(value) && value.every((element) => typeof element === 'boolean') ? value : null;
  }) as readonly boolean[];
}

/** Mostly a typed array, as the file has it. */
export function getNumbers(metadata: GgufMetadata, key: string): ArrayLike<number>;
export function getNumbers<T>(metadata: GgufMetadata, key: string, fallback: T): ArrayLike<number> | T;
export function getNumbers(metadata: GgufMetadata, key: string, fallback?: unknown): unknown {
  return get(metadata, key, fallback, 'an array of numbers', numbersOf);
}

/** One count a layer: files write either a number for all `layers` or an array with one for each. */
export function getCountPerLayer(metadata: GgufMetadata, key: string, layers: number): readonly number[];
export function getCountPerLayer<T>(
  metadata: GgufMetadata,
  key: string,
  layers: number,
  fallback: T,
): readonly number[] | T;
export function getCountPerLayer(metadata: GgufMetadata, key: string, layers: number, fallback?: unknown): unknown {
  return get(metadata, key, fallback, `a whole number, or one for each of ${layers} layers`, (value) => {
    if (isCount(value)) return Array.from({ length: layers }, () => value);
    const numbers = numbersOf(value);
    if (numbers === null || numbers.length !== layers) return null;
    const counts = Array.from(numbers);
    return counts.every(isCount) ? counts : null;
  });
}

/** `attention.head_count` → `llama.attention.head_count`, by the file's `general.architecture`. */
export function architectureKey(metadata: GgufMetadata, name: string): string {
  return `${getString(metadata, 'general.architecture')}.${name}`;
}

/** `accept` gives the value, or `null` where it is not `expected`. */
function get(
  metadata: GgufMetadata,
  key: string,
  fallback: unknown,
  expected: string,
  accept: (value: GgufValue) => unknown,
): unknown {
  const value = metadata.get(key);
  if (value === undefined) {
    if (fallback !== undefined) return fallback;
    throw wrongMetadata(key, `is missing; ${expected} is needed`);
  }
  const accepted = accept(value);
  if (accepted === null) throw wrongMetadata(key, `is ${describe(value)} instead of ${expected}`);
  return accepted;
}

function wrongMetadata(key: string, reason: string): ForgelightError {
  return new ForgelightError('bad-gguf', `The model file's metadata ${quoted(key)} ${reason}. ${CONVERT_AGAIN}`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function numbersOf(value: GgufValue): ArrayLike<number> | null {
  if (typeof value !== 'object') return null;
  if (!Array.isArray(value)) return isTypedArray(value) ? value : null;
  return value.every((element) => typeof element === 'number') ? value : null;
}

function isTypedArray(value: object): value is ArrayLike<number> & ArrayBufferView {
  return ArrayBuffer.isView(value);
}

function describe(value: GgufValue): string {
  if (typeof value === 'string') return `the string ${quoted(value)}`;
  return typeof value === 'object' ? `an array of length ${value.length}` : String(value);
}
