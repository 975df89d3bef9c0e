import { ForgelightError } from '../base/errors';
import { parseSplitName } from '../gguf/split-name';
import { blobSource } from './blob-source';
import type { WrapFile } from './hub-source';
import type { ModelSource } from './source';
import { splitSource } from './split-source';

/**
 * A model in files of the user's: one, or all parts of a split one in any order. Without the names of parts (blobs have none)
 * the order given is taken. Throws `bad-gguf` where parts are missing, `invalid-request` for files of several models.
 */
export function filesSource(files: readonly Blob[], wrap: WrapFile): ModelSource {
  const named = files.map((file) => ({ file, split: parseSplitName(nameOf(file)) }));
  const [first] = named;
  if (first === undefined) throw badFiles('there are none');
  const { split } = first;
  if (split === null) {
    if (files.length === 1) return wrap(blobSource(first.file), null);
    if (named.some((other) => other.split !== null)) throw badFiles('they belong to several models');
    return splitSource({ label: nameOf(first.file), fileName: nameOf(first.file), parts: files.map(part(wrap)) });
  }
  if (named.some((other) => other.split?.stem !== split.stem || other.split.count !== split.count)) {
    throw badFiles('they belong to several models');
  }
  const numbers = Array.from({ length: split.count }, (_, i) => i + 1);
  const found = numbers.map((number) => named.find((other) => other.split?.part === number)?.file ?? null);
  const missing = numbers.filter((_, i) => found[i] === null);
  if (missing.length > 0) throw missingParts(split.stem, split.count, missing);
  const parts = found.filter((file) => file !== null).map(part(wrap));
  return splitSource({ label: `${split.stem}.gguf`, fileName: `${split.stem}.gguf`, parts });
}

function part(wrap: WrapFile): (file: Blob) => ModelSource {
  return (file) => wrap(blobSource(file), null);
}

function nameOf(file: Blob): string {
  return 'name' in file && typeof file.name === 'string' ? file.name : 'model.gguf';
}

const MOST_NAMED = 5;

function missingParts(stem: string, count: number, missing: readonly number[]): ForgelightError {
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
  const named = missing.slice(0, MOST_NAMED).join(', ') + more;
  return new ForgelightError(
    'bad-gguf',
    `${stem} is a model in ${count} files, and of these number ${named} is missing. Choose all ${count} files together.`,
    { param: 'model' },
  );
}

function badFiles(reason: string): ForgelightError {
  return new ForgelightError(
    'invalid-request',
    `The model's files cannot be used: ${reason}. Give one file, or all parts of one split model.`,
    { param: 'model' },
  );
}
