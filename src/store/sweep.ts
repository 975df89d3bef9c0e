import { readModelRecord, readPartJournal } from './model-record';
import type { StoreDeps } from './store-deps';
import type { FilePath } from './store-files';
import { isWhole } from './store-list';
import { blobPath, keyOfPart, lockName, partPath, quarantinePath, sha256OfBlob } from './store-names';

/** Removes files that nothing speaks of: what ended in the middle left them. Whatever is in use is left alone. Returns bytes. */
export async function sweep(deps: StoreDeps): Promise<number> {
  return (await sweepBlobs(deps)) + (await sweepQuarantine(deps)) + (await sweepParts(deps));
}

/** A file without a record: of a deletion, or of a download that goes on from it when it is asked for again. */
async function sweepBlobs({ ports, entries }: StoreDeps): Promise<number> {
  const { files, locks, records } = ports;
  let freedBytes = 0;
  for (const { name, sizeBytes } of await files.list('blobs')) {
    const sha256 = sha256OfBlob(name);
    if (sha256 === null) continue;
    const alone = await locks.tryAcquire(lockName.blob(sha256), 'exclusive');
    if (alone === null) continue;
    try {
      await entries.changing(sha256, async () => {
        const read = readModelRecord(await records.get('models', sha256), sha256);
        if (read.state === 'valid' && read.record.quarantine !== null) {
          await files.move(blobPath(sha256), quarantinePath(sha256));
        }
        if (read.state !== 'absent' || (await isJournaled(ports, sha256))) return;
        if (await files.remove(blobPath(sha256))) freedBytes += sizeBytes;
      });
    } finally {
      alone.release();
    }
  }
  return freedBytes;
}

/** Damaged bytes of what was fetched again or deleted. */
async function sweepQuarantine({ ports, entries }: StoreDeps): Promise<number> {
  const { files, records } = ports;
  let freedBytes = 0;
  for (const { name, sizeBytes } of await files.list('quarantine')) {
    const sha256 = sha256OfBlob(name);
    if (sha256 === null) continue;
    await entries.changing(sha256, async () => {
      const read = readModelRecord(await records.get('models', sha256), sha256);
      if (read.state === 'valid' && read.record.quarantine !== null) return;
      if (await files.remove(quarantinePath(sha256))) freedBytes += sizeBytes;
    });
  }
  return freedBytes;
}

/** Parts that no journal can continue, and those of models that are there. */
async function sweepParts({ ports, entries }: StoreDeps): Promise<number> {
  const { files, locks, records } = ports;
  let freedBytes = 0;
  const parts = new Map<string, number>();
  for (const { name, sizeBytes } of await files.list('parts')) {
    const key = keyOfPart(name);
    if (key !== null) parts.set(key, sizeBytes);
  }
  for (const key of new Set([...parts.keys(), ...(await records.keys('parts'))])) {
    const alone = await locks.tryAcquire(lockName.download(key), 'exclusive');
    if (alone === null) continue;
    try {
      const read = readPartJournal(await records.get('parts', key));
      if (read.state === 'valid' && !(await isWhole(entries, read.record))) continue;
      if (read.state !== 'absent') await records.delete('parts', key);
      const path: FilePath = partPath(key);
      if (await files.remove(path)) freedBytes += parts.get(key) ?? 0;
    } finally {
      alone.release();
    }
  }
  return freedBytes;
}

async function isJournaled({ records }: StoreDeps['ports'], sha256: string): Promise<boolean> {
  for (const key of await records.keys('parts')) {
    const read = readPartJournal(await records.get('parts', key));
    if (read.state === 'valid' && read.record.durableSha256 === sha256) return true;
  }
  return false;
}
