import type { PlantedBug } from './planted-bug';

/** Mistakes about where a model comes from, and whether it fits. */
export const SOURCE_BUGS: readonly PlantedBug[] = [
  {
    name: 'a part of a split model is taken as it comes',
    file: 'src/store/split-source.ts',
    find: 'if (sha256 === null || found === sha256) return found;',
    replace: 'return found;',
    why: 'one damaged part of many gives a model that answers nonsense',
    seenBy: {
      file: 'src/store/split-source.test.ts',
      test: 'splitSource holds each part against its own hash, bytes behind the tensors included',
    },
  },
  {
    name: 'offsets of later parts are not moved behind the first',
    file: 'src/gguf/merge-parts.ts',
    find: 'offset: (starts[i] ?? 0) + offsetBytes - file.dataOffsetBytes',
    replace: 'offset: offsetBytes - file.dataOffsetBytes',
    why: 'tensors of all parts lie over each other',
    seenBy: {
      file: 'src/store/split-source.test.ts',
      test: 'splitSource gives one model of three files: as they come',
    },
  },
  {
    name: 'whoever begins as the hub does gets its token',
    file: 'src/store/hub.ts',
    find: 'if (url.origin !== origin) return fetch(input, init);',
    replace: 'if (!url.href.startsWith(origin)) return fetch(input, init);',
    why: 'a stranger reads the user’s private models',
    seenBy: {
      file: 'src/store/hub-source.test.ts',
      test: 'the hub’s token does not go to https://huggingface.co.evil.example/x.gguf',
    },
  },
  {
    name: 'a mirror goes on at its own first byte',
    file: 'src/store/mirrored-source.ts',
    find: 'this.skip = this.position - startsAt;',
    replace: 'this.skip = 0;',
    why: 'the first bytes come twice',
    seenBy: {
      file: 'src/store/mirrored-source.test.ts',
      test: 'mirroredSource goes on at the next address when one fails midway',
    },
  },
  {
    name: 'the whole file is fetched to see whether it fits',
    file: 'src/engine/check-fit.ts',
    find: "    await model.weights.cancel(new DOMException('the header is all that was wanted', 'AbortError'));\n",
    replace: '',
    why: 'the question costs as much as the answer was to save',
    seenBy: { file: 'src/engine/check-fit.test.ts', test: 'checkFit reads the header only' },
  },
  {
    name: 'the next mirror begins elsewhere than where the reader was told',
    file: 'src/store/mirrored-source.ts',
    find: '        this.isBegun = true;\n',
    replace: '',
    why: 'the first bytes of a file are put where its later ones belong',
    seenBy: {
      file: 'src/store/mirrored-source.test.ts',
      test: 'mirroredSource goes on with an earlier download: at the next one without ranges, when the first fails at once',
    },
  },
  {
    name: 'a part that is repaired is taken for its whole model',
    file: 'src/worker/model-sources.ts',
    find: 'return fileSource(address, {',
    replace: 'return modelSource(address, {',
    why: 'all parts are fetched, and none is kept',
    seenBy: {
      file: 'src/worker/worker-store.test.ts',
      test: 'the store of a worker pulls all parts of a split model, and repairs one of them alone',
    },
  },
  {
    name: 'what was pulled stays in use',
    file: 'src/worker/worker-store.ts',
    find: '        held.close();\n',
    replace: '',
    why: 'nobody can delete it until the page is left',
    seenBy: {
      file: 'src/worker/worker-store.test.ts',
      test: 'the store of a worker pulls a model, asks once to keep it, and holds nothing afterwards',
    },
  },
  {
    name: 'a pull that is stopped does not wait until its download is in order',
    file: 'src/store/read-to-end.ts',
    find: '    await stream.cancel(error);\n',
    replace: '',
    why: 'what came is not kept, and whoever discards it is refused',
    seenBy: {
      file: 'src/worker/worker-store.test.ts',
      test: 'the store of a worker stops a pull of m-Q4_0-00001-of-00002.gguf that is aborted, and then keeps what came and holds nothing',
    },
  },
  {
    name: 'the order of a set’s parts does not count',
    file: 'src/store/split-identity.ts',
    find: '...hashes, ',
    replace: '...hashes.toSorted(), ',
    why: 'an answer goes on with other weights than it began with',
    seenBy: {
      file: 'src/store/split-identity.test.ts',
      test: 'splitIdentity is another one for another part, another order, and more or fewer of them',
    },
  },
  {
    name: 'a set is known by its first part alone',
    file: 'src/store/split-source.ts',
    find: 'await splitIdentity(this.hashes)',
    replace: 'await splitIdentity(this.hashes.slice(0, 1))',
    why: 'models that begin alike are taken for one, at the bridge too',
    seenBy: {
      file: 'src/store/split-source.test.ts',
      test: 'splitSource is another model when one byte of one part is another, behind the tensors too',
    },
  },
  {
    name: 'a set of which a part is missing has a hash',
    file: 'src/store/stored-sets.ts',
    find: 'missing.length > 0 ? null : await',
    replace: 'await',
    why: 'a model is promised to pages that cannot be loaded',
    seenBy: {
      file: 'src/store/stored-sets.test.ts',
      test: 'storedSets says which parts are missing, the first and damaged ones among them; such a set has no hash',
    },
  },
  {
    name: 'a mirror of a set is not held against what came before it',
    file: 'src/store/mirrored-source.ts',
    find: 'if (repeated === null || repeated.soFar() === this.passed?.soFar()) return;',
    replace: 'if (repeated !== null) return;',
    why: 'the last mirror’s hash is taken for bytes of another one',
    seenBy: {
      file: 'src/store/mirrored-source.test.ts',
      test: 'mirroredSource has that of the address that ended it, once its beginning is what the reader has',
    },
  },
  {
    name: 'the parts of a stored set are not held',
    file: 'src/store/stored-model.ts',
    find: 'parts.map((part) => held(store.stored(part.sha256)))',
    replace: 'parts.map((part) => store.stored(part.sha256))',
    why: 'a part can be deleted under an engine that has to load it again',
    seenBy: {
      file: 'src/worker/model-sources.test.ts',
      test: 'heldSource opens a split model of the store by the hash of its parts, in whatever order they came, and asks nobody',
    },
  },
  {
    name: 'part 1 of a set is a model by itself',
    file: 'native-bridge/engine/model-names.ts',
    find: "entry.state === 'ok' && parseSplitName(entry.fileName) === null)",
    replace: "entry.state === 'ok' && (parseSplitName(entry.fileName)?.part ?? 1) === 1)",
    why: 'a page is lent a model of which most is not there',
    seenBy: {
      file: 'native-bridge/engine/model-names.test.ts',
      test: 'names of stored models of pages are those of all parts in their order, and never of one part',
    },
  },
];
