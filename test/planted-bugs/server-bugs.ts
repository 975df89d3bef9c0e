import type { PlantedBug } from './planted-bug';

/** Mistakes of the daemon about who may ask it. */
export const SERVER_BUGS: readonly PlantedBug[] = [
  {
    name: 'an origin that begins like a paired one is let in',
    file: 'native-bridge/server/origins.ts',
    find: '      return rules.isPaired(origin);\n    case',
    replace: "      return rules.isPaired(origin.split('.example')[0] + '.example');\n    case",
    why: 'https://page.example.evil.example reads answers with a stolen token',
    seenBy: {
      file: 'native-bridge/server/guard.test.ts',
      test: 'the guard refuses {"origin":"https://page.example.evil.example"} with bridge-denied',
    },
  },
  {
    name: 'of two hosts the first counts',
    file: 'native-bridge/server/request-head.ts',
    find: 'named.length === 1 && ',
    replace: '',
    why: 'whoever stands before the daemon may have looked at the other one',
    seenBy: {
      file: 'native-bridge/server/guard.test.ts',
      test: 'the guard refuses {"Host":"127.0.0.1:8788"} with 421',
    },
  },
  {
    name: 'a grant that is taken back ends no stream',
    file: 'native-bridge/server/access-book.ts',
    find: 'for (const onEnd of holders ?? []) onEnd(',
    replace: 'if (holders === null) throw (',
    why: 'a page that was thrown out reads on until its answer ends',
    seenBy: {
      file: 'native-bridge/server/access-book.test.ts',
      test: 'the access book takes a grant back at once, also from who holds it',
    },
  },
  {
    name: 'wrong codes are counted for each pairing alone',
    file: 'native-bridge/server/pairing-desk.ts',
    find: '    this.wrongAtMs.push(this.ports.clock.now());\n',
    replace: '',
    why: 'a page that begins one pairing after the other finds the code in time',
    seenBy: {
      file: 'native-bridge/server/pairing-desk.test.ts',
      test: 'the pairing desk takes twenty wrong codes an hour, however many pairings they are spread over',
    },
  },
];
