/** What CONTRIBUTING.md promises of `npm run check`, on two cores that do nothing else. */
export const PROMISED_SECONDS = 120;

/** The last line of a check. @param {number} seconds it took */
export function totalLine(seconds) {
  const total = `${seconds.toFixed(1).padStart(13)} s  in all`;
  if (seconds <= PROMISED_SECONDS) return total;
  return `${total}: more than the ${PROMISED_SECONDS} s that it is to take on two idle cores. What takes long: vitest's --reporter=json`;
}
