import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseGguf } from '../../src/gguf/parse';
import type { GgufFile, GgufMetadata } from '../../src/gguf/types';
import { realModelPath } from './real-models';

/** The header of the default model, kept as a fixture: its whole vocabulary and every tensor's shape, without the weights. */
export function smollm2Header(): GgufFile {
  const result = parseGguf(gunzipSync(readFileSync('test/fixtures/tokenizer/smollm2-header.gguf.gz')));
  if (result.kind !== 'complete') throw new Error('the header is cut');
  return result.file;
}

/** Metadata of the real default model; reads its header alone. */
export function smollm2Metadata(): GgufMetadata {
  return readMetadata(realModelPath('SmolLM2-135M-Instruct.Q4_1'));
}

export function zooMetadata(name: string): GgufMetadata {
  return readMetadata(`test/fixtures/zoo/${name}.gguf`);
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

export function readMetadata(path: string): GgufMetadata {
  let sizeBytes = 64 * 1024;
  for (;;) {
    const result = parseGguf(readPrefix(path, sizeBytes));
    if (result.kind === 'complete') return result.file.metadata;
    sizeBytes = Math.max(2 * sizeBytes, result.atLeastBytes);
  }
}

function readPrefix(path: string, sizeBytes: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(sizeBytes);
    return buffer.subarray(0, readSync(file, buffer, 0, sizeBytes, 0));
  } finally {
    closeSync(file);
  }
}
