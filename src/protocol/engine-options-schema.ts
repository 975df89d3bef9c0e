import * as v from 'valibot';
import type { DebugOptions, LoadOptions, ModelReference } from './engine-port';
import type { LoadProgress } from './progress';
import { MAX_INT32 } from './sampling-ranges';
import { integerFrom, listOf, object, oneOf, plainObject, textOf } from './schema-fields';
import { parseInput } from './schema-parse';
import { completeTimeouts } from './timeouts';

/** Options of `createEngine` after validation, every default filled in. */
export interface ParsedEngineOptions {
  readonly load: LoadOptions;
  readonly device: 'auto' | 'webgpu' | 'bridge';
  readonly bridgeUrl: string | URL | null;
  readonly bridgeToken: string | null;
  readonly workerUrl: string | URL | null;
  readonly onProgress: ((progress: LoadProgress) => void) | null;
  readonly signal: AbortSignal | null;
}

const MAX_FILES = 1000;

function isModelReference(input: unknown): boolean {
  if (typeof input === 'string') return input.length > 0 && input.length <= 8192;
  if (!Array.isArray(input)) return input instanceof Blob;
  return input.length > 0 && input.length <= MAX_FILES && input.every((file) => file instanceof Blob);
}

/** What is nearly one is easily made one. */
function modelAdvice({ input }: { readonly input: unknown }): string {
  if (input instanceof URL) return 'has to be text: pass the href of that URL';
  if (input instanceof ArrayBuffer || ArrayBuffer.isView(input)) return 'has to be a Blob: pass new Blob([bytes])';
  return NO_MODEL;
}

const NO_MODEL =
  'must be a URL ("https://…/x.gguf"), a hub reference ("hf:owner/repo/file.gguf", "hf:owner/repo:Q4_K_M"), a File or a Blob, or an array of these';
const model = v.custom<ModelReference>(isModelReference, modelAdvice);

const url = v.custom<string | URL>(
  (input) => (typeof input === 'string' ? input !== '' : input instanceof URL),
  'must be a URL',
);

/** Never shown: what is wrong with a secret is said without it. */
const secret = v.custom<string>(
  (input) => typeof input === 'string' && /^[\x21-\x7e]{1,512}$/.test(input),
  'is not an access token: it has only printable characters, and no spaces',
);

const durationMs = v.optional(integerFrom(1, MAX_INT32));
const tokenCount = integerFrom(1, 2 ** 24);

const debug = object({
  chunkTokens: v.optional(integerFrom(1, 4096)),
  depth: v.optional(oneOf([1, 2])),
  variants: v.optional(v.pipe(plainObject(), v.record(v.string(), textOf(1, 256)))),
  features: v.optional(listOf(textOf(1, 256), 0, 256, 'feature names')),
  limits: v.optional(v.pipe(plainObject(), v.record(v.string(), integerFrom(0, Number.MAX_SAFE_INTEGER)))),
  profile: v.optional(v.boolean('must be true or false')),
});

const engineOptions = object({
  model,
  sha256: v.optional(
    v.pipe(
      v.string('must be 64 hexadecimal digits'),
      v.regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits'),
      v.toLowerCase(),
    ),
  ),
  mirrors: v.optional(listOf(textOf(1, 8192), 0, 32, 'addresses')),
  hubToken: v.optional(secret),
  device: v.optional(oneOf(['auto', 'webgpu', 'bridge']), 'auto'),
  contextLength: v.optional(tokenCount),
  maxConcurrent: v.optional(integerFrom(1, 64), 8),
  maxQueued: v.optional(integerFrom(1, 65_536), 64),
  kvCacheType: v.optional(oneOf(['f16', 'f32', 'q8_0']), 'f16'),
  kvCacheTokens: v.optional(tokenCount),
  precision: v.optional(oneOf(['exact', 'fast']), 'exact'),
  keep: v.optional(v.boolean('must be true or false'), true),
  timeouts: v.optional(object({ stepMs: durationMs, requestMs: durationMs, stallMs: durationMs }), {}),
  workerUrl: v.optional(url),
  bridgeUrl: v.optional(url),
  bridgeToken: v.optional(secret),
  debug: v.optional(debug, {}),
  onProgress: v.optional(
    v.custom<(progress: LoadProgress) => void>((input) => typeof input === 'function', 'must be a function'),
  ),
  signal: v.optional(v.custom<AbortSignal>((input) => input instanceof AbortSignal, 'must be an AbortSignal')),
});

/** Reads the options of `createEngine`, or a host's `LoadOptions`, which are a subset. Throws `invalid-request` with `param`. */
export function parseEngineOptions(options: unknown): ParsedEngineOptions {
  const fields = parseInput(engineOptions, options, 'the engine options');
  return {
    load: {
      model: fields.model,
      ...present({
        sha256: fields.sha256,
        mirrors: fields.mirrors,
        hubToken: fields.hubToken,
        contextLength: fields.contextLength,
        kvCacheTokens: fields.kvCacheTokens,
      }),
      maxConcurrent: fields.maxConcurrent,
      maxQueued: fields.maxQueued,
      kvCacheType: fields.kvCacheType,
      precision: fields.precision,
      keep: fields.keep,
      timeouts: completeTimeouts(fields.timeouts),
      debug: present(fields.debug) satisfies DebugOptions,
    },
    device: fields.device,
    bridgeUrl: fields.bridgeUrl ?? null,
    bridgeToken: fields.bridgeToken ?? null,
    workerUrl: fields.workerUrl ?? null,
    onProgress: fields.onProgress ?? null,
    signal: fields.signal ?? null,
  };
}

type Present<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** The entries that are not `undefined`. */
function present<T extends object>(entries: T): Present<T> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Present<T>;
}
