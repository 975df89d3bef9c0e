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
];
