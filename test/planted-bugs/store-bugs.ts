import type { PlantedBug } from './planted-bug';

const UNIT_TESTS = 'src/store/model-store.test.ts';

/** Mistakes about what is kept, and who may touch it. */
export const STORE_BUGS: readonly PlantedBug[] = [
  {
    name: 'the record is written before the file is there',
    file: 'src/store/model-entries.ts',
    find: `      if (!(await files.move(partPath(key), blobPath(sha256)))) throw new Error('The part file of a download is gone.');
      const names = found.state === 'corrupt' ? await this.namesOf(sha256) : [];
      await this.put(named(this.fresh(part, names), address, this.now()));`,
    replace: `      const names = found.state === 'corrupt' ? await this.namesOf(sha256) : [];
      await this.put(named(this.fresh(part, names), address, this.now()));
      if (!(await files.move(partPath(key), blobPath(sha256)))) throw new Error('The part file of a download is gone.');`,
    why: 'a crash in between leaves a model that is not there',
    simulation: 'store',
    seed: 5,
  },
  {
    name: 'the journal is written before the bytes are durable',
    file: 'src/store/part-writer.ts',
    find: '    await this.file.flush();\n',
    replace: '',
    why: 'after a crash a download goes on behind bytes that are not there',
    simulation: 'store',
  },
  {
    name: 'what is read back is not compared',
    file: 'src/store/keeping-stream.ts',
    find: ': part.sha256() === resumed.sha256;',
    replace: ': true;',
    why: 'a damaged part becomes a sound model with a hash of its own',
    simulation: 'store',
  },
  {
    name: 'the hash is skipped on resume',
    file: 'src/store/part-writer.ts',
    find: `    this.hash.update(bytes);
    this.position += bytes.length;
    return bytes;`,
    replace: `    this.position += bytes.length;
    return bytes;`,
    why: 'no interrupted download can be gone on with',
    simulation: 'store',
  },
  {
    name: 'what is in the store is trusted',
    file: 'src/store/stored-stream.ts',
    find: 'if (sha256 !== record.sha256) throw',
    replace: 'if (sha256 === null) throw',
    why: 'a damaged model answers nonsense',
    simulation: 'store',
  },
  {
    name: 'a torn record is taken for none',
    file: 'src/store/model-record.ts',
    find: "      return { state: 'invalid', reason: stored.reason };",
    replace: "      return { state: 'absent' };",
    why: 'damage is hidden, and gigabytes are fetched again without a word',
    seenBy: { file: UNIT_TESTS, test: 'a model that was damaged is told by a record that is torn' },
  },
  {
    name: 'exists, then read',
    file: 'src/store/model-entries.ts',
    find: `    const file = await files.open(blobPath(sha256));
    if (file === null) return { state: 'corrupt', reason: 'its file is missing', record };`,
    replace: `    const isThere = (await files.list('blobs')).some(({ name }) => name.startsWith(sha256));
    const file = isThere ? await files.open(blobPath(sha256)) : null;
    if (file === null) {
      if (!isThere) return { state: 'corrupt', reason: 'its file is missing', record };
      throw new Error('It was there a moment ago.');
    }`,
    why: 'a reader falls over whoever deletes in between',
    seenBy: {
      file: UNIT_TESTS,
      test: 'a model that somebody deletes is there or not, for whoever reads it meanwhile, and is never called damaged',
    },
  },
  {
    name: "somebody's half-done change is taken for damage",
    file: 'src/store/model-entries.ts',
    find: "    return found.state === 'corrupt' ? this.changing(sha256, () => this.look(sha256)) : found;",
    replace: '    return found;',
    why: 'a model that is being deleted is reported as corrupt',
    seenBy: {
      file: UNIT_TESTS,
      test: 'a model that somebody deletes is there or not, for whoever reads it meanwhile, and is never called damaged',
    },
  },
  {
    name: 'a deletion removes the file first',
    file: 'src/store/model-entries.ts',
    find: `        if (state !== 'absent') await records.delete('models', sha256);
        const removed = [await files.remove(blobPath(sha256)), await files.remove(quarantinePath(sha256))];`,
    replace: `        const removed = [await files.remove(blobPath(sha256)), await files.remove(quarantinePath(sha256))];
        if (state !== 'absent') await records.delete('models', sha256);`,
    why: 'a crash in between leaves a model that is not there',
    simulation: 'store',
    seed: 5,
  },
  {
    name: 'a deletion does not ask who uses it',
    file: 'src/store/model-entries.ts',
    find: '    if (alone === null) throw await this.inUse(sha256);',
    replace: '    if (alone === null) return false;',
    why: 'nobody is told why it is still there',
    seenBy: {
      file: UNIT_TESTS,
      test: 'the room that there is is not taken from a model that is in use, in whichever tab',
    },
  },
  {
    name: 'an orderly stop writes nothing down',
    file: 'src/store/keeping-stream.ts',
    find: '      if (part.isAhead && part.isOpen) await this.attempt(() => part.journal(subject));\n',
    replace: '',
    why: 'what came since the last entry of the journal is fetched again',
    simulation: 'store',
  },
  {
    name: 'a file whose move is done is forgotten',
    file: 'src/store/keep-download.ts',
    find: '    await this.deps.entries.takeBack(found.journal.durableSha256, key);\n',
    replace: '',
    why: 'a crash at the very end costs the whole download',
    simulation: 'store',
    seed: 4,
  },
  {
    name: 'a failed start keeps its lock',
    file: 'src/store/stored-source.ts',
    find: `    } catch (error) {
      lock.release();
      throw error;`,
    replace: `    } catch (error) {
      throw error;`,
    why: 'nobody can load this model any more, in any tab',
    simulation: 'store',
  },
  {
    name: 'a download takes no lock',
    file: 'src/store/stored-source.ts',
    find: "    const lock = await locks.tryAcquire(name, 'exclusive');",
    replace: '    const lock: HeldLock | null = { release: () => undefined };',
    why: 'two tabs write one part file',
    simulation: 'tabs',
  },
  {
    name: 'who waited does not look again',
    file: 'src/store/stored-source.ts',
    find: `      const stored = await this.openStored(signal);
      if (stored !== null) {
        lock.release();`,
    replace: `      const stored = null as OpenedModel | null;
      if (stored !== null) {
        lock.release();`,
    why: 'each tab downloads the model again, one after the other',
    simulation: 'tabs',
  },
  {
    name: 'a file of which nobody knows whether it changed is gone on with',
    file: 'src/store/part-writer.ts',
    find: 'if ([etag, lastModified, sha256, expectedSha256].every((known) => known === null)) {',
    replace: 'if (durableBytes < 0) {',
    why: 'the beginning of one file and the end of another become a model',
    simulation: 'store',
    seed: 4,
  },
];
