import type { PlantedBug } from './planted-bug';

const seenBy = {
  file: 'src/client/bridge/request-routes.test.ts',
  test: 'requests between two engines end once, with each token once and in order, whatever breaks, moves or is cancelled when',
};
const watch = (test: string): NonNullable<PlantedBug['seenBy']> => ({
  file: 'src/client/bridge/bridge-watch.test.ts',
  test,
});
const ROUTES = 'src/client/bridge/request-routes.ts';

/** Mistakes about a request that goes from one engine to another. */
export const BRIDGE_BUGS: readonly PlantedBug[] = [
  {
    name: 'late events of the engine that was left are taken',
    file: ROUTES,
    find: `    if (route.attempt !== attempt) return; // late
    if (event.type`,
    replace: `    if (!this.isLive(route)) return;
    if (event.type`,
    why: 'two engines write one answer',
    seenBy,
  },
  {
    name: 'a late break moves the request again',
    file: ROUTES,
    find: `    if (route.attempt !== attempt) return; // late
    this.leave(route);`,
    replace: '    this.leave(route);',
    why: 'an answer that has gone on is begun a second time, or after its end',
    seenBy,
  },
  {
    name: 'the journal is written after the reader was told',
    file: ROUTES,
    find: `    if (!route.journal.note(event)) return;`,
    replace: `    this.pass(route, attempt.engine.info, event);
    if (route.attempt !== attempt || !route.journal.note(event)) return;
    return;`,
    why: 'who moves the request on hearing a token gets that token twice',
    seenBy,
  },
  {
    name: 'a cancel is lost while the request waits for another engine',
    file: ROUTES,
    find: `    if (route === undefined) return false;`,
    replace: `    if (route === undefined) return false;
    if (route.attempt === null) return true;`,
    why: 'the answer that was stopped goes on once the other model is loaded',
    seenBy,
  },
  {
    name: 'the end of an old engine takes the new one away',
    file: 'src/client/bridge/places.ts',
    find: '    if (place.engine !== engine) return false;\n',
    replace: '',
    why: 'the bridge that has come back is given up because of a request that it had before',
    seenBy,
  },
  {
    name: 'who moves is not named before what it says',
    file: ROUTES,
    find: '    if (route.toldInfo !== info) {',
    replace: '    if (route.toldInfo === null) {',
    why: 'an answer is said to be from the device that has gone',
    seenBy,
  },
  {
    name: 'the timer of the way back outlives its engine',
    file: ROUTES,
    find: '    this.wayBack.close();\n',
    replace: '',
    why: 'a closed engine loads its model on the bridge again, for nobody',
    seenBy,
  },
  {
    name: 'a bridge that ends while nothing is asked is not told of',
    file: 'src/client/bridge/places.ts',
    find: 'if (engine !== null && this.down(name, engine)) this.listener.wentDown(name, engine, error);',
    replace: 'if (engine !== null) this.down(name, engine);',
    why: 'the page names a device that is gone until something is asked',
    seenBy: watch(
      'a bridge that goes away while nothing is asked is noticed at once, this page answers, and the bridge again when it is back',
    ),
  },
  {
    name: 'a token goes to whatever address is given',
    file: 'src/client/bridge/loopback.ts',
    find: 'NAMES.includes(hostname) && ',
    replace: '',
    why: 'a link or a broken setting hands the token to another computer',
    seenBy: {
      file: 'src/client/bridge/bridged-engine.test.ts',
      test: 'no token is sent to another computer, and nothing else',
    },
  },
];
