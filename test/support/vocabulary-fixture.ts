import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseGguf } from '../../src/gguf/parse';
import type { GgufMetadata } from '../../src/gguf/types';

const FOLDER = 'test/fixtures/tokenizer';

/** Metadata of a real vocabulary. */
export function vocabularyFixture(name: string): GgufMetadata {
  const result = parseGguf(gunzipSync(readFileSync(`${FOLDER}/${name}.gguf.gz`)));
  if (result.kind !== 'complete') throw new Error(`${name}.gguf.gz ends early`);
  return result.file.metadata;
}

/** llama.cpp's own test vectors for it: texts with ids, no special tokens parsed. */
export function ownVectors(name: string): { readonly text: string; readonly ids: readonly number[] }[] {
  const texts = readFileSync(`${FOLDER}/${name}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
  const lines = readFileSync(`${FOLDER}/${name}.out`, 'utf8').split('\n');
  return texts.map((text, index) => ({
    text,
    ids: (lines[index] ?? '').trim().split(/\s+/).filter(Boolean).map(Number),
  }));
}
