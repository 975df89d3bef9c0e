// What is made of the measurements: the best of the rounds, counts for a token, and the table.
import { COUNTED } from './page/counters.mjs';

/**
 * @typedef {import('./page/counters.mjs').Counts} Counts
 * @typedef {import('./page/bench.mjs').Measured} Measured
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} version
 * @property {number} loadSeconds
 * @property {string} ran where it computed
 * @property {number} prefillPerSecond tokens
 * @property {number} decodePerSecond tokens
 * @property {Counts} perToken
 */

/** What is counted of a decoded token; workers are counted of the whole page. */
const OF_A_TOKEN = COUNTED.filter((name) => name !== 'workers');

/**
 * The best of the rounds: others use the machine too, and they only make a round slower.
 * @param {readonly Measured[]} rounds @param {{ promptTokens: number, decodeTokens: number }} sizes
 */
export function bestOf(rounds, { promptTokens, decodeTokens }) {
  return {
    prefillPerSecond: promptTokens / Math.min(...rounds.map((round) => round.prefillSeconds)),
    decodePerSecond: decodeTokens / Math.min(...rounds.map((round) => round.decodeSeconds)),
  };
}

/**
 * An answer of one token costs what prefill costs; what a longer one to the same prompt length costs above it is decode's.
 * @param {Counts} long @param {Counts} short @param {number} decodeTokens how many tokens more
 * @returns {Counts}
 */
export function countsPerToken(long, short, decodeTokens) {
  return /** @type {Counts} */ (
    Object.fromEntries(COUNTED.map((name) => [name, (long[name] - short[name]) / decodeTokens]))
  );
}

/**
 * Where an engine computed, by what it asked of WebGPU: nothing else tells of a peer that left the adapter in silence.
 * @param {Counts} counts of one answer @param {{ adapter: string | null, hasF16: boolean, workers: number }} page
 */
export function whereItRan(counts, { adapter, hasF16, workers }) {
  if (counts.dispatches > 0) return `WebGPU (${adapter})`;
  const why = adapter === null ? 'no adapter' : hasF16 ? 'reason unknown' : 'the adapter lacks shader-f16';
  return `CPU, WebAssembly in ${workers} workers: no dispatch (${why})`;
}

/**
 * The names of the counters of which the engine's own last step says something else than the wrapped prototypes.
 * @param {Counts} perToken @param {Record<string, number>} lastStep
 */
export function disagreements(perToken, lastStep) {
  const theirs = { ...lastStep, bindGroups: lastStep.bindGroupsCreated };
  return OF_A_TOKEN.filter((name) => perToken[name] !== theirs[name]).map(
    (name) => `${name}: counted ${perToken[name]}, it says ${theirs[name]}`,
  );
}

/** @param {number} value */
const number = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(2));

/** A Markdown table, one peer a row. @param {readonly Peer[]} peers */
export function table(peers) {
  const head = [
    'engine',
    'version',
    'ran on',
    'load s',
    'prefill tok/s',
    'decode tok/s',
    ...['dispatches', 'submits', 'passes', 'bind groups', 'buffer writes', 'bytes read back'],
  ];
  const rows = peers.map((peer) => [
    peer.name,
    peer.version,
    peer.ran,
    peer.loadSeconds.toFixed(1),
    peer.prefillPerSecond.toFixed(2),
    peer.decodePerSecond.toFixed(2),
    ...OF_A_TOKEN.map((name) => number(peer.perToken[name])),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The first engine's rates as multiples of each other one's, a peer a row; nothing where it is alone. @param {readonly Peer[]} peers */
export function ratios([first, ...others]) {
  if (others.length === 0) return '';
  const rows = others.map((peer) => [
    `${first.name} ÷ ${peer.name}`,
    (first.prefillPerSecond / peer.prefillPerSecond).toFixed(2),
    (first.decodePerSecond / peer.decodePerSecond).toFixed(2),
  ]);
  return [['', 'prefill', 'decode'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/**
 * Why the first engine does not decode `times` as fast as every other one on its adapter; `null` where it does. A comparison without such another
 * one shows nothing.
 * @param {readonly Peer[]} peers @param {number} times
 */
export function tooSlow([first, ...others], times) {
  const there = others.filter(({ perToken }) => perToken.dispatches > 0);
  if (there.length === 0)
    return `No other engine ran on the adapter: there is nothing to be ${times} times as fast as.`;
  const near = there.filter((peer) => first.decodePerSecond < times * peer.decodePerSecond);
  if (near.length === 0) return null;
  const told = near.map((peer) => `${peer.name} ${(first.decodePerSecond / peer.decodePerSecond).toFixed(2)}`);
  return `${first.name} was to decode ${times} times as fast as what runs on the adapter; times ${told.join(', ')} it was.`;
}
