import type { PlantedBug } from './planted-bug';

/** Mistakes of the chat page about what it shows of the store, and about who is asked. */
export const PAGE_BUGS: readonly PlantedBug[] = [
  {
    name: 'an older look at the store is shown over a newer one',
    file: 'src/page/kept-models.ts',
    find: "if (look === this.#looks) this.#set({ kind: 'open'",
    replace: "this.#set({ kind: 'open'",
    why: 'a model that was deleted is there again, and its button fails',
    seenBy: {
      file: 'src/page/kept-models.test.ts',
      test: 'the kept models show the newest look, whichever ends last',
    },
  },
  {
    name: 'what is here of a paused download is told while its load still puts it in order',
    file: 'src/page/kept-models.ts',
    find: 'settled: this.#unsettled === 0',
    replace: 'settled: true',
    why: 'the card says that nothing is kept, and a moment later everything is',
    seenBy: {
      file: 'src/page/kept-models.test.ts',
      test: 'a paused download is looked for at once, and again when the stopped load has put it in order',
    },
  },
  {
    name: 'a pick that was taken back is loaded',
    file: 'src/page/fit-check.ts',
    find: '      if (this.#checking !== checking) return null;\n      this.#checking = null;\n      const fits',
    replace: '      const fits',
    why: 'gigabytes are fetched of a model that nobody wants any more',
    seenBy: {
      file: 'src/page/fit-check.test.ts',
      test: 'a model that is picked after another takes its place, whichever check ends first',
    },
  },
  {
    name: 'two changes of the remembered files start from the same list',
    file: 'src/page/recent-files.ts',
    find: 'this.#changing = this.#changing.then(async () => {',
    replace: 'this.#changing = Promise.resolve().then(async () => {',
    why: 'of two files that were dropped one after the other, one is forgotten',
    seenBy: {
      file: 'src/page/recent-files.test.ts',
      test: 'files that were opened join those of earlier visits, also when nobody had read these yet',
    },
  },
];
