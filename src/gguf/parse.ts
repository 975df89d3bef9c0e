import type { ForgelightError } from '../base/errors';
import { CONVERT_AGAIN, quoted } from './bad-gguf';
import { ByteReader, PrefixTooShort } from './byte-reader';
import { MAX_ALIGNMENT, MAX_KEY_BYTES, MAX_METADATA_ENTRIES, MAX_TENSORS } from './limits';
import { dataOffset, placeTensors, readDirectory } from './tensor-directory';
import type { GgufFile, GgufMetadata, GgufValue } from './types';
import { ValueReader } from './value';

export type ParseResult =
  | { readonly kind: 'complete'; readonly file: GgufFile }
  /** The header goes on: call again with a prefix of at least this length. */
  | { readonly kind: 'need'; readonly atLeastBytes: number };

/**
 * Reads a GGUF header (versions 2 and 3, little endian) from the first bytes of a file. Starts over at each call, so a caller
 * that doubles the prefix reads it in linear time. Nothing is allocated on the word of the file alone: every count is held
 * against the bytes that are there.
 *
 * Throws `bad-gguf` for everything that is not a well-formed file; with `fileSizeBytes`, for one that is cut short too.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function parseGguf(prefix: Uint8Array, fileSizeBytes?: number): ParseResult {
  try {
    return { kind: 'complete', file: readFile(new ByteReader(prefix, fileSizeBytes)) };
  } catch (error) {
    if (error instanceof PrefixTooShort) return { kind: 'need', atLeastBytes: error.atLeastBytes };
    throw error;
  }
}

function readFile(reader: ByteReader): GgufFile {
  checkMagic(reader);
  const version = readVersion(reader);
  const tensorCount = reader.count('the number of tensors', MAX_TENSORS);
  const metadataCount = reader.count('the number of metadata entries', MAX_METADATA_ENTRIES);
  const metadata = readMetadata(reader, metadataCount);
  const alignment = readAlignment(reader, metadata);
  const entries = readDirectory(reader, tensorCount);
  const dataOffsetBytes = dataOffset(reader.position, alignment);
  const tensors = placeTensors(entries, dataOffsetBytes, alignment, reader.fileSizeBytes);
  return { version, metadata, tensors, alignment, dataOffsetBytes };
}

const MAGIC = 'GGUF';
/** What people load by mistake, by its first four bytes. */
const OTHER_FILES: Readonly<Record<string, string>> = {
  '<!do': 'a web page: the address must be that of the file itself (on the hub: /resolve/, not /blob/)',
  '<htm': 'a web page: the address must be that of the file itself (on the hub: /resolve/, not /blob/)',
  vers: 'a Git LFS pointer, not the file it points to',
  lmgg: 'a GGML file, older than GGUF',
  tjgg: 'a GGML file, older than GGUF',
  fmgg: 'a GGML file, older than GGUF',
  'pk\u0003\u0004': 'a ZIP archive: unpack it first',
};

function checkMagic(reader: ByteReader): void {
  reader.require(MAGIC.length, 'the magic number');
  let magic = '';
  while (reader.position < MAGIC.length) magic += String.fromCharCode(reader.u8('the magic number'));
  if (magic === MAGIC) return;
  const other = OTHER_FILES[magic.toLowerCase()];
  const seen = other === undefined ? `it begins with ${quoted(magic)} instead of "GGUF"` : `it is ${other}`;
  throw reader.fail(seen, 'Choose a file in the GGUF format.', 0);
}

function readVersion(reader: ByteReader): 2 | 3 {
  const version = reader.u32('the version');
  if (version === 2 || version === 3) return version;
  throw unsupportedVersion(reader, version);
}

function unsupportedVersion(reader: ByteReader, version: number): ForgelightError {
  const at = reader.position - 4;
  // A small version in the high bytes: written by a big-endian machine, or for one.
  if ((version & 0xffff) === 0 && version !== 0) {
    return reader.fail('it is big endian, and only little-endian files can be read', CONVERT_AGAIN, at);
  }
  if (version === 1) return reader.fail('it has version 1, which is no longer read', CONVERT_AGAIN, at);
  return reader.fail(`it has version ${version}; versions 2 and 3 can be read`, undefined, at);
}

/** Key length, value type and the smallest value. */
const MIN_METADATA_ENTRY_BYTES = 8 + 4 + 1;

function readMetadata(reader: ByteReader, count: number): GgufMetadata {
  reader.place = 'metadata';
  reader.require(count * MIN_METADATA_ENTRY_BYTES, `metadata of ${count} entries`);
  const values = new ValueReader(reader);
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < count; index += 1) {
    reader.place = `metadata entry ${index}`;
    const keyAt = reader.position;
    const key = reader.strictString('the length of a key', MAX_KEY_BYTES);
    reader.place = `metadata key ${quoted(key)}`;
    if (key === '') throw reader.fail('the key is empty', undefined, keyAt);
    if (metadata.has(key)) throw reader.fail('the key appears twice', undefined, keyAt);
    metadata.set(key, values.typedValue());
  }
  return metadata;
}

const ALIGNMENT_KEY = 'general.alignment';
const DEFAULT_ALIGNMENT = 32;

function readAlignment(reader: ByteReader, metadata: GgufMetadata): number {
  const value = metadata.get(ALIGNMENT_KEY);
  if (value === undefined) return DEFAULT_ALIGNMENT;
  reader.place = `metadata key ${quoted(ALIGNMENT_KEY)}`;
  // The specification asks for a multiple of 8, llama.cpp for a power of two.
  if (typeof value === 'number' && value >= 8 && value <= MAX_ALIGNMENT && Math.log2(value) % 1 === 0) return value;
  const shown = typeof value === 'number' || typeof value === 'bigint' ? String(value) : `a ${typeof value}`;
  throw reader.fail(`the alignment is ${shown} instead of a power of two from 8 to ${MAX_ALIGNMENT}`);
}
