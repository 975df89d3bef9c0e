import type { PlantedBug } from './planted-bug';

const CHATS = {
  file: 'test/page/chats-simulation.test.ts',
  test: 'conversations in two tabs: answers end once, nothing is lost, what was deleted stays deleted',
};

const TABS = 'src/page/chat-store-tabs.test.ts';

/** Mistakes of the chat page about what it shows of the store, about who is asked, and about what it keeps of conversations and of itself. */
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
  {
    name: 'a conversation is written although another tab has deleted it',
    file: 'src/page/conversation-saver.ts',
    find: 'outcome.isGone = isTombstone(kept);',
    replace: 'if (isTombstone(kept)) kept = undefined;',
    why: 'what was deleted in one tab is back as soon as an answer grows in the other',
    seenBy: CHATS,
  },
  {
    name: 'a conversation is written over what another tab has added to it',
    file: 'src/page/conversation-saver.ts',
    find: 'return merge(shown, other);',
    replace: 'return shown;',
    why: 'of two tabs that write in one conversation, one loses its messages',
    seenBy: CHATS,
  },
  {
    name: 'what changes while a conversation is being written is not written',
    file: 'src/page/conversation-saver.ts',
    find: 'work.isWriting = false;',
    replace: "work.isWriting = false;\n    work.next = 'nothing';",
    why: 'the end of an answer is missing after the page is loaded anew',
    seenBy: CHATS,
  },
  {
    name: 'a write that failed is forgotten',
    file: 'src/page/conversation-saver.ts',
    find: 'this.#unsaved.add(id);',
    replace: '',
    why: 'the warning goes as soon as another conversation is kept, and the newest question is missing in the next visit',
    seenBy: CHATS,
  },
  {
    name: 'what could not be written is not tried again when the page ends',
    file: 'src/page/conversation-saver.ts',
    find: 'for (const id of [...this.#unsaved]) this.save(id);',
    replace: '',
    why: 'room was made, and the newest question is gone all the same',
    seenBy: CHATS,
  },
  {
    name: 'a look at the database that began before a deletion brings the conversation back',
    file: 'src/page/conversation-store.ts',
    find: 'if (kept === null || this.#deleted.has(kept.id)) return;',
    replace: 'if (kept === null) return;',
    why: 'a deleted conversation stands in the list again',
    seenBy: CHATS,
  },
  {
    name: 'a tab lets go of an answer before its end is on the disk',
    file: 'src/page/conversation-store.ts',
    find: "if (this.#keeping.kind === 'blocked') this.#letGo();",
    replace: 'this.#letGo();',
    why: 'other tabs say that a whole answer has stopped, until they hear of its end',
    seenBy: {
      file: TABS,
      test: 'an answer that another tab writes is shown as such until its end is on the disk',
    },
  },
  {
    name: 'Stop ends the answers of all conversations',
    file: 'src/page/chat-store.ts',
    find: 'for (const message of this.#state.messages) if (isRunning(message)) this.#answers.stop(message.id);',
    replace: 'this.#answers.stopAll();',
    why: 'answers that nobody is looking at are cut off',
    seenBy: {
      file: 'src/page/chat-store-conversations.test.ts',
      test: 'conversations at once a new chat leaves the running answer to itself; each is stopped where it is shown',
    },
  },
  {
    name: 'the running version deletes what the next one has kept',
    file: 'src/page/offline-cache.ts',
    find: 'if (hasNext()) return;',
    replace: '',
    why: 'after the person takes the update, the page does not open without a connection',
    seenBy: {
      file: 'src/page/offline-cache.test.ts',
      test: 'another version stays while it is the next one, which the person has not taken yet',
    },
  },
];
