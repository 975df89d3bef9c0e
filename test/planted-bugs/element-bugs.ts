import type { PlantedBug } from './planted-bug';

/** Mistakes of `<forgelight-chat>` about whose engine it is, and which answer. */
export const ELEMENT_BUGS: readonly PlantedBug[] = [
  {
    name: 'an engine that comes after its load was given up is taken',
    file: 'src/element/engine-keeper.ts',
    find: `    if (this.#loading !== loading) {
      await loaded.close();
      throw new DOMException('The load was given up.', 'AbortError');
    }
`,
    replace: '',
    why: 'an element that was taken away keeps gigabytes of the GPU for as long as the page is open',
    seenBy: {
      file: 'src/element/chat-session.test.ts',
      test: 'a load that is given up and comes to its end all the same is closed',
    },
  },
  {
    name: 'the element that made an engine closes it',
    file: 'src/element/engine-holders.ts',
    find: 'if (count > 1) {',
    replace: 'if (count > 2) {',
    why: 'the other elements that share it answer nothing any more',
    seenBy: {
      file: 'src/element/chat-session.test.ts',
      test: 'an engine of several elements is closed by the last that holds it',
    },
  },
  {
    name: 'a stopped answer grows on',
    file: 'src/element/chat-session.ts',
    find: `    if (this.#answering !== answering) return;
    this.#changeAnswer(answering.id, (answer) => withPiece(`,
    replace: `    this.#changeAnswer(answering.id, (answer) => withPiece(`,
    why: 'whoever listens hears words of an answer that has ended',
    seenBy: {
      file: 'src/element/chat-session.test.ts',
      test: 'an answer that is stopped keeps what it has, and what its stream still gives is not news',
    },
  },
  {
    name: 'the end of an engine is told by its answer too',
    file: 'src/element/chat-session.ts',
    find: '      else this.#ports.tell(',
    replace: '      this.#ports.tell(',
    why: 'one failure is reported twice',
    seenBy: {
      file: 'src/element/chat-session.test.ts',
      test: 'an answer that fails with its engine is told once, and needs a load',
    },
  },
  {
    name: 'each element that shared an engine loads its own when the page comes back',
    file: 'src/element/engine-keeper.ts',
    find: 'const successor = ended === null ? null : successorOf(ended);',
    replace: 'const successor = null as Promise<Engine | null> | null;',
    why: 'a model that two elements share is in memory twice after Back',
    seenBy: {
      file: 'src/element/come-back.test.ts',
      test: 'elements that shared an engine share the one that takes its place, also where one names no model',
    },
  },
  {
    name: 'a check whether a model fits that was given up is told all the same',
    file: 'src/element/poster-fit.ts',
    find: '    if (this.#checking !== checking) return;\n',
    replace: '',
    why: 'a poster says of one model what is true of another',
    seenBy: {
      file: 'src/element/poster-fit.test.ts',
      test: 'whether a model fits is nobody’s business any more where it was given up, and is asked anew',
    },
  },
];
