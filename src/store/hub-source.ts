import { ForgelightError } from '../base/errors';
import { parseSplitName, splitNames, wholeName } from '../gguf/split-name';
import { chooseQuantisation, listModels, modelsOf, type HubModel } from './choose-quantisation';
import { badReference, hubFileUrl, type HubReference, type HubRepository } from './hub';
import { listHubFiles, type HubFile } from './hub-listing';
import type { ModelSource } from './source';
import { splitSource } from './split-source';
import { decoded, urlSource, type UrlSourceOptions } from './url-source';

/**
 * Passes each single file's source on, or what stands for it: the place of whoever keeps files. `sha256`: what the file's hash is to
 * be, where that is known before it is asked for.
 */
export type WrapFile = (source: ModelSource, sha256: string | null) => ModelSource;

export interface HubSourceOptions extends UrlSourceOptions {
  /** Expected of the model, if it is one file. */
  readonly sha256?: string;
  /** Files of the repository that are kept, by the beginning of their addresses: where there is no listing, these are what there is. */
  readonly kept?: (addressStart: string) => Promise<readonly KeptFile[]>;
}

export interface KeptFile {
  readonly address: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Whoever has the file can do without the listing, and does not wait for it for long. */
const ATTEMPTS_WITH_KEPT = 2;

/**
 * The model that a reference names, on the hub. A quantisation is looked up in the repository's listing when the source is
 * opened; its file's size and SHA-256 are then known beforehand. `open` rejects with `invalid-request` where the listing has
 * no such model or several, naming those it has.
 */
export function hubSource(reference: HubReference, options: HubSourceOptions, wrap: WrapFile): ModelSource {
  const { repository, text } = reference;
  if (reference.kind === 'file') return namedFile(repository, reference.path, options, wrap);
  const tag = reference.kind === 'quantisation' ? reference.tag : null;
  let found: ModelSource | null = null;
  return {
    label: text,
    async open(signal) {
      // The same one when it is opened again, as after the loss of a device: no listing is asked for then.
      const source =
        found ?? listedModel(text, repository, await findModel(reference, tag, options, signal), options, wrap);
      const opened = await source.open(signal);
      found = source;
      return opened;
    },
  };
}

/** By the listing, or where nobody gives one, by what is kept. */
async function findModel(
  { text, repository }: HubReference,
  tag: string | null,
  options: HubSourceOptions,
  signal: AbortSignal,
): Promise<HubModel> {
  const kept = tag === null ? null : await chooseKept(repository, tag, options);
  const asking = kept === null ? options : { ...options, maxAttempts: ATTEMPTS_WITH_KEPT };
  let files: readonly HubFile[];
  try {
    files = await listHubFiles(repository, asking, signal);
  } catch (error) {
    const isAway = error instanceof ForgelightError && ['network', 'timeout'].includes(error.code);
    if (kept === null || !isAway || signal.aborted) throw error;
    return kept;
  }
  return choose(text, modelsOf(files), tag);
}

async function chooseKept(repository: HubRepository, tag: string, options: HubSourceOptions): Promise<HubModel | null> {
  const start = hubFileUrl(repository, '').href;
  const kept = (await options.kept?.(start)) ?? [];
  const files = kept.map(({ address, ...about }) => ({ path: decoded(address.slice(start.length)), ...about }));
  const choice = chooseQuantisation(modelsOf(files), tag);
  return choice.kind === 'chosen' ? choice.model : null;
}

function namedFile(repository: HubRepository, path: string, options: HubSourceOptions, wrap: WrapFile): ModelSource {
  const split = parseSplitName(path);
  const source = (name: string): ModelSource => urlSource(hubFileUrl(repository, name), options);
  if (split === null) return wrap(source(path), options.sha256 ?? null);
  const parts = splitNames(split).map((name) => wrap(source(name), null));
  return splitSource({ label: hubFileUrl(repository, path).href, fileName: wholeName(lastName(path)), parts });
}

function listedModel(
  label: string,
  repository: HubRepository,
  { path, parts }: HubModel,
  options: HubSourceOptions,
  wrap: WrapFile,
): ModelSource {
  const expected = parts.length === 1 ? options.sha256 : undefined;
  const sources = parts.map((part) =>
    wrap(promisedFile(urlSource(hubFileUrl(repository, part.path), options), part), expected ?? part.sha256),
  );
  const [first] = sources;
  return first !== undefined && sources.length === 1
    ? first
    : splitSource({ label, fileName: wholeName(lastName(path)), parts: sources });
}

/** A file of which the listing told size and hash. */
function promisedFile(source: ModelSource, { path, sizeBytes, sha256 }: HubFile): ModelSource {
  return {
    ...source,
    async open(...args: Parameters<ModelSource['open']>) {
      const opened = await source.open(...args);
      if (opened.sizeBytes !== null && opened.sizeBytes !== sizeBytes) {
        const error = new ForgelightError(
          'network',
          `Could not load ${source.label}: ${path} has ${opened.sizeBytes} bytes, and its repository lists ${sizeBytes}. It is being replaced: try again later.`,
        );
        await opened.stream.cancel(error);
        throw error;
      }
      return { ...opened, sizeBytes, sha256: sha256 ?? opened.sha256 };
    },
  };
}

/** `null` as the tag: none was given. */
function choose(text: string, models: readonly HubModel[], tag: string | null): HubModel {
  if (models.length === 0) throw badReference(text, 'the repository has no GGUF model');
  if (tag === null) throw badReference(text, `it names no file; the repository has ${listModels(models)}`);
  const choice = chooseQuantisation(models, tag);
  switch (choice.kind) {
    case 'chosen':
      return choice.model;
    case 'none':
      throw badReference(text, `the repository has no ${tag}, but ${listModels(models)}`);
    case 'several':
      throw badReference(text, `${tag} may be any of ${listModels(choice.models)}: name the file`);
  }
}

function lastName(path: string): string {
  return path.split('/').at(-1) ?? path;
}
