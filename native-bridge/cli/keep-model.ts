import { basename, dirname, join, resolve } from 'node:path';
import { parseSplitName, splitNames } from '../../src/gguf/split-name';
import { timeoutsFromEnvironment } from '../../src/protocol/timeouts';
import { runningHash } from '../../src/store/hashing';
import type { ModelStore } from '../../src/store/model-store';
import type { WrapFile } from '../../src/store/hub-source';
import { overMirrors } from '../../src/store/over-mirrors';
import { readToEnd } from '../../src/store/read-to-end';
import { requireHash } from '../../src/store/require-hash';
import type { ModelSource, OpenedModel } from '../../src/store/source';
import { splitIdentity } from '../../src/store/split-identity';
import { splitSource } from '../../src/store/split-source';
import type { ModelEntry, StoreEntry } from '../../src/store/store-list';
import type { StoredSource } from '../../src/store/stored-source';
import { requireWritable } from '../state/writable-folder';
import { readSetting } from './command-line';
import { diskSource, pathOf } from './disk-source';
import { ggufOnly } from './gguf-source';
import { isAnsweredElsewhere, type AnswererNeeds } from './open-answerer';
import { ProgressLine } from './progress-line';
import type { CommandInput } from './run-cli';

export interface KeptModel {
  readonly sizeBytes: number;
  /** All of it was in the store already. */
  readonly wasHere: boolean;
  /** What it is in the store: of a split model each part, in their order. */
  readonly entries: readonly ModelEntry[];
}

/** What is no address is a file's path; letters of drives are single. */
const ADDRESS = /^(?!file:)[a-z][a-z0-9+.-]+:/i;

/** Puts a model into the store, all parts of a split one: out of the network, or of a file of this computer. */
export async function keepModel(
  { models, host }: Pick<CommandInput, 'models' | 'host'>,
  reference: string,
  options: { readonly sha256?: string; readonly mirrors?: readonly string[] },
): Promise<KeptModel> {
  readSetting(() => timeoutsFromEnvironment(host.env)); // throws for what is none, also where nothing is waited for
  await requireWritable(models.folder, 'FORGELIGHT_MODELS');
  const before = options.sha256 === undefined ? [] : await models.store.list();
  const parts: StoredSource[] = [];
  const line = new ProgressLine(host, reference);
  const wrapFile: WrapFile = (file, hash) => {
    const part = models.store.source(ggufOnly(file), {
      sha256: hash,
      onWatched: ({ loadedBytes, totalBytes }) => line.show(loadedBytes, totalBytes),
    });
    parts.push(part);
    return part;
  };
  try {
    const source = ADDRESS.test(reference)
      ? models.sourceOf(reference, { ...options, wrapFile })
      : await sourceOnDisk(pathOf(reference) ?? resolve(reference), options.sha256 ?? null, wrapFile, host.signal);
    return await overMirrors(source, async () => {
      const opened = await source.open(host.signal);
      const told = [...(opened.notes ?? [])];
      for (const note of told) host.err(`${note}\n`);
      const sizeBytes = await readAll(opened, line);
      line.end();
      for (const note of opened.notes ?? []) if (!told.includes(note)) host.err(`${note}\n`);
      try {
        requireHash(opened, options.sha256);
      } catch (error) {
        await forget(models.store, parts, before);
        throw error;
      }
      const found = await models.store.list();
      const entries = parts.flatMap(({ sha256 }) =>
        found.filter((entry): entry is ModelEntry => entry.state === 'ok' && entry.sha256 === sha256),
      );
      return { sizeBytes, wasHere: opened.resumedBytes === sizeBytes, entries };
    });
  } catch (error) {
    if (host.signal.aborted) host.err('Stopped. What was received is kept: the same command goes on from there.\n');
    throw error;
  } finally {
    line.end();
    for (const part of parts) part.close();
  }
}

/** Deletes the files that came, but for those that were there before. */
async function forget(store: ModelStore, parts: readonly StoredSource[], before: readonly StoreEntry[]): Promise<void> {
  for (const part of parts) {
    const { sha256 } = part;
    part.close();
    const isNew = !before.some((entry) => entry.state !== 'partial' && entry.sha256 === sha256);
    if (isNew && sha256 !== null) await store.delete(sha256);
  }
}

async function readAll({ stream, sizeBytes, resumedBytes = 0 }: OpenedModel, line: ProgressLine): Promise<number> {
  let loadedBytes = 0;
  await readToEnd(stream, (chunkBytes) => {
    loadedBytes += chunkBytes;
    line.show(loadedBytes, sizeBytes ?? 0, resumedBytes);
  });
  return loadedBytes;
}

/** A path says nothing about what lies there now, so that files are looked up by what they hold: each is read once for that. */
async function sourceOnDisk(
  path: string,
  sha256: string | null,
  wrap: WrapFile,
  signal: AbortSignal,
): Promise<ModelSource> {
  const wrapped = async (part: string, hash = sha256): Promise<ModelSource> =>
    wrap(diskSource(part), hash ?? (await hashOf(part, signal)));
  const split = parseSplitName(basename(path));
  if (split === null) return wrapped(path);
  const parts: ModelSource[] = [];
  for (const name of splitNames(split)) parts.push(await wrapped(join(dirname(path), name), null));
  return splitSource({ label: path, fileName: `${split.stem}.gguf`, parts });
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = await runningHash();
  const { stream } = await ggufOnly(diskSource(path)).open(signal);
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) hash.update(chunk);
  return hash.soFar();
}

/** What requests may call a model that somebody named, to whoever answers a command: servers elsewhere have names of their own. */
export async function usableName(input: CommandInput, name: string, needs: AnswererNeeds = {}): Promise<string> {
  return pathOf(name) === null || (await isAnsweredElsewhere(input, needs)) ? name : keptName(input, name);
}

/** The same for an engine of this computer: a file is put into the store first. */
export async function keptName(input: Pick<CommandInput, 'models' | 'host'>, name: string): Promise<string> {
  if (pathOf(name) === null) return name;
  const { entries } = await keepModel(input, name, {});
  const hashes = entries.map(({ sha256 }) => sha256);
  const [first] = hashes;
  if (first === undefined) return name;
  return `sha256:${hashes.length === 1 ? first : await splitIdentity(hashes)}`;
}
