import type { ForgelightError } from '../base/errors';
import { roundUp } from '../base/units';
import { badGguf, quoted } from './bad-gguf';
import { getCount } from './metadata';
import type { GgufFile, GgufValue } from './types';
import { writeGgufHeader } from './write-header';

const NUMBER_KEY = 'split.no';
const COUNT_KEY = 'split.count';
const TENSORS_KEY = 'split.tensors.count';
const SPLIT_KEYS: readonly string[] = [NUMBER_KEY, COUNT_KEY, TENSORS_KEY];
const ALIGNMENT_KEY = 'general.alignment';
const DEFAULT_ALIGNMENT = 32;

const ADVICE = 'All parts must come from one set: download them again, from one place.';

export interface NamedPart {
  readonly name: string;
  readonly file: GgufFile;
}

/** One GGUF made of the tensors of several: its header, and what of each part follows it. */
export interface MergedParts {
  readonly header: Uint8Array;
  /** Of each part, in order: bytes from its `dataOffsetBytes` on, then zeros. */
  readonly data: readonly { readonly sizeBytes: number; readonly paddingBytes: number }[];
  readonly sizeBytes: number;
}

/**
 * Lays the parts of a split model behind one another: the metadata of the first one without `split.*`, the tensors of all.
 * The same parts always give the same bytes. Throws `bad-gguf` naming the part for parts that are not those of one set, in order.
 */
export function mergeParts(parts: readonly NamedPart[]): MergedParts {
  parts.forEach((part, i) => checkPlace(part, i, parts.length));
  checkTensors(parts);
  const alignment = commonAlignment(parts);
  const lengths = parts.map(({ file }) => dataBytes(file));
  const starts = lengths.map((_, i) =>
    lengths.slice(0, i).reduce((start, length) => start + roundUp(length, alignment), 0),
  );
  const tensors = parts.flatMap(({ file }, i) =>
    file.tensors.map(({ name, type, shape, offsetBytes }) => {
      return { name, type, shape, offset: (starts[i] ?? 0) + offsetBytes - file.dataOffsetBytes };
    }),
  );
  const header = writeGgufHeader({ metadata: mergedMetadata(parts, alignment), tensors, alignment });
  const data = lengths.map((sizeBytes) => ({ sizeBytes, paddingBytes: roundUp(sizeBytes, alignment) - sizeBytes }));
  const sizeBytes = data.reduce((sum, part) => sum + part.sizeBytes + part.paddingBytes, header.length);
  return { header, data, sizeBytes };
}

function checkPlace({ name, file }: NamedPart, index: number, count: number): void {
  const declared = getCount(file.metadata, COUNT_KEY);
  if (declared !== count) {
    throw badPart(name, `it says that the model has ${declared} parts, and there are ${count}`);
  }
  const number = getCount(file.metadata, NUMBER_KEY);
  if (number === index) return;
  throw badPart(name, `it says that it is part ${number + 1} of ${count}, and it is in the place of part ${index + 1}`);
}

function checkTensors(parts: readonly NamedPart[]): void {
  const owners = new Map<string, string>();
  for (const { name, file } of parts) {
    for (const tensor of file.tensors) {
      const owner = owners.get(tensor.name);
      if (owner !== undefined) throw badPart(name, `its tensor ${quoted(tensor.name)} is in ${quoted(owner)} too`);
      owners.set(tensor.name, name);
    }
  }
  for (const { name, file } of parts) {
    const declared = getCount(file.metadata, TENSORS_KEY, null);
    if (declared === null || declared === owners.size) continue;
    throw badPart(name, `it says that the model has ${declared} tensors, and the parts have ${owners.size}`);
  }
}

function badPart(name: string, reason: string): ForgelightError {
  return badGguf(reason, `part ${quoted(name)}`, ADVICE);
}

/** Powers of two: the smallest divides all others, and with it every offset. */
function commonAlignment(parts: readonly NamedPart[]): number {
  const alignments = parts.filter(({ file }) => file.tensors.length > 0).map(({ file }) => file.alignment);
  return alignments.length === 0 ? DEFAULT_ALIGNMENT : Math.min(...alignments);
}

/** From where the data begins to the end of the last tensor. */
function dataBytes({ tensors, dataOffsetBytes }: GgufFile): number {
  return tensors.reduce(
    (end, { offsetBytes, sizeBytes }) => Math.max(end, offsetBytes + sizeBytes - dataOffsetBytes),
    0,
  );
}

function mergedMetadata(parts: readonly NamedPart[], alignment: number): ReadonlyMap<string, GgufValue> {
  const first = parts[0]?.file.metadata ?? new Map<string, GgufValue>();
  const metadata = new Map([...first].filter(([key]) => !SPLIT_KEYS.includes(key)));
  if (alignment !== DEFAULT_ALIGNMENT || metadata.has(ALIGNMENT_KEY)) metadata.set(ALIGNMENT_KEY, alignment);
  return metadata;
}
