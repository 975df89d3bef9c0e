import type { StorageRoom, StoreEntry } from '../client/index';
import { entryId } from './kept-models';

/** What takes room, or leaves it. */
export interface StoragePart {
  readonly kind: 'model' | 'models' | 'partial' | 'other' | 'free';
  readonly sizeBytes: number;
  /** Of `model`: which one. Of `models`: how many there are. */
  readonly id: string;
  readonly count: number;
  /** Which colour stands for it, from 0; the same in the bar and beside the model's name. */
  readonly colour: number;
}

/** Colours that can be told from each other. Further models share one place. */
export const COLOURS = 5;

/** What takes of the disk. */
export function bytesOf(entry: StoreEntry): number {
  return entry.state === 'partial' ? entry.receivedBytes : entry.sizeBytes;
}

/** Largest models first, then what is unfinished, everything else of this origin, and what is free. Nothing without bytes. */
export function storageParts(
  entries: readonly StoreEntry[],
  { usageBytes, quotaBytes }: StorageRoom,
): readonly StoragePart[] {
  const models = entries.filter(({ state }) => state !== 'partial').toSorted((a, b) => bytesOf(b) - bytesOf(a));
  const shown = models.length > COLOURS ? models.slice(0, COLOURS - 1) : models;
  const others = models.slice(shown.length);
  const keptBytes = sum(entries);
  const usedBytes = Math.max(usageBytes ?? 0, keptBytes);
  const part = (kind: StoragePart['kind'], sizeBytes: number, count = 1): StoragePart => {
    return { kind, sizeBytes, id: kind, count, colour: COLOURS - 1 };
  };
  return [
    ...shown.map((model, colour) => ({ ...part('model', bytesOf(model)), id: entryId(model), colour })),
    part('models', sum(others), others.length),
    part('partial', sum(entries.filter(({ state }) => state === 'partial'))),
    part('other', usedBytes - keptBytes),
    part('free', quotaBytes === null ? 0 : Math.max(0, quotaBytes - usedBytes)),
  ].filter(({ sizeBytes }) => sizeBytes > 0);
}

/**
 * What is free is often a hundred times what is used, and would leave no room to tell models from each other: beside any it takes half of
 * the bar at most. Without them the bar is what it is, nearly empty.
 */
export function shownBytes({ kind, sizeBytes }: StoragePart, parts: readonly StoragePart[]): number {
  const hasModels = parts.some((part) => part.kind !== 'free' && part.kind !== 'other');
  if (kind !== 'free' || !hasModels) return sizeBytes;
  const usedBytes = parts.reduce((sum, part) => (part.kind === 'free' ? sum : sum + part.sizeBytes), 0);
  return Math.min(sizeBytes, usedBytes);
}

/** The colour of an entry's models, for the mark beside its name; `null`: a download that is not finished. */
export function colourOf(parts: readonly StoragePart[], entry: StoreEntry): number | null {
  if (entry.state === 'partial') return null;
  return parts.find(({ id }) => id === entryId(entry))?.colour ?? COLOURS - 1;
}

function sum(entries: readonly StoreEntry[]): number {
  return entries.reduce((total, entry) => total + bytesOf(entry), 0);
}
