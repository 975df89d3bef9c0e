import { formatBytes } from '../base/units';
import { parseSplitName } from '../gguf/split-name';
import type { HubFile } from './hub-listing';

/** A model of a repository: a file, or a set of parts under the first one's path. */
export interface HubModel {
  /** Of the file, or of the first part. */
  readonly path: string;
  /** Of all parts. */
  readonly sizeBytes: number;
  /** `Q4_K_M`, `UD-Q4_K_XL`; `null` where the name does not say. */
  readonly quantisation: string | null;
  readonly parts: readonly HubFile[];
}

export type Choice =
  | { readonly kind: 'chosen'; readonly model: HubModel }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly models: readonly HubModel[] };

/** Beside models there are projectors of pictures and statistics of quantisers, which no engine can answer with. */
const NO_MODEL = /mmproj|imatrix/i;
/** A quantisation as file names have it, the last one in the name: Q4_K_M, IQ4_XS, UD-Q4_K_XL, TQ1_0, BF16, F16, MXFP4. */
const QUANTISATION = /(?:^|[-._])((?:UD-)?(?:I?Q\d\w*|TQ\d_\d|BF16|FP?16|FP?32|MXFP4\w*|NVFP4))(?=$|[-.])/gi;

/** The models among a repository's files. A set whose parts are not all there is left out: nobody could load it. */
export function modelsOf(files: readonly HubFile[]): readonly HubModel[] {
  const sets = new Map<string, HubFile[]>();
  for (const file of files) {
    if (!/\.gguf$/i.test(file.path) || NO_MODEL.test(lastName(file.path))) continue;
    const split = parseSplitName(file.path);
    const key = split === null ? file.path : `${split.stem} of ${split.count}`;
    sets.set(key, [...(sets.get(key) ?? []), file]);
  }
  return [...sets.values()].flatMap((found) => {
    const parts = found.toSorted((a, b) => partOf(a) - partOf(b));
    const [first] = parts;
    if (first === undefined || parts.length !== (parseSplitName(first.path)?.count ?? 1)) return [];
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    return [{ path: first.path, sizeBytes, quantisation: quantisationOf(first.path), parts }];
  });
}

/**
 * The model of this quantisation, whatever its case: the one whose name says exactly that; failing that the only one whose
 * name has the tag somewhere as a word of its own.
 */
export function chooseQuantisation(models: readonly HubModel[], tag: string): Choice {
  const wanted = tag.toLowerCase();
  const exact = models.filter(({ quantisation }) => quantisation?.toLowerCase() === wanted);
  const candidates = exact.length > 0 ? exact : models.filter(({ path }) => wordsOf(path).includes(wanted));
  const [first] = candidates;
  if (first === undefined) return { kind: 'none' };
  return candidates.length === 1 ? { kind: 'chosen', model: first } : { kind: 'several', models: candidates };
}

/** What there is, for a message: `Q4_K_M (2.5 GB), Q8_0 (4.3 GB)`; paths where the quantisation alone would not do. */
export function listModels(models: readonly HubModel[]): string {
  const count = new Map<string, number>();
  for (const { quantisation } of models) {
    if (quantisation !== null) count.set(quantisation, (count.get(quantisation) ?? 0) + 1);
  }
  const shown = models.toSorted((a, b) => a.sizeBytes - b.sizeBytes).slice(0, MOST_LISTED);
  const names = shown.map(({ quantisation, path, sizeBytes }) => {
    const name = quantisation !== null && count.get(quantisation) === 1 ? quantisation : path;
    return `${name} (${formatBytes(sizeBytes)})`;
  });
  const more = models.length - shown.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const MOST_LISTED = 40;

function quantisationOf(path: string): string | null {
  return [...modelName(path).matchAll(QUANTISATION)].at(-1)?.[1] ?? null;
}

/** Underscores belong to the words: `q4_k` is no word of `model-Q4_K_M`. */
function wordsOf(path: string): readonly string[] {
  return modelName(path).toLowerCase().split(/[-. ]/);
}

/** The name without the number of the part and without `.gguf`. */
function modelName(path: string): string {
  const name = lastName(path);
  return parseSplitName(name)?.stem ?? name.replace(/\.gguf$/i, '');
}

function lastName(path: string): string {
  return path.split('/').at(-1) ?? path;
}

function partOf({ path }: HubFile): number {
  return parseSplitName(path)?.part ?? 1;
}
