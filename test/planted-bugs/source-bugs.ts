import type { PlantedBug } from './planted-bug';

/** Mistakes about where a model comes from, and whether it fits. */
export const SOURCE_BUGS: readonly PlantedBug[] = [
  {
    name: 'a part of a split model is taken as it comes',
    file: 'src/store/split-source.ts',
    find: '    part.verify();\n',
    replace: '',
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
    find: 'this.skip = this.position;',
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
];
