const MIB = 1024 * 1024;
const TTY_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 10_000;

/**
 * Shows how far a download is: one line that is written over on a terminal, a line every ten seconds in a log.
 * @param {string} label
 * @param {{ write(text: string): unknown, isTTY?: boolean }} [stream]
 * @param {() => number} [now] milliseconds
 */
export function createProgress(label, stream = process.stdout, now = Date.now) {
  const started = now();
  let lastShown = Number.NEGATIVE_INFINITY;
  let first = -1;
  let open = false;

  const show = (/** @type {number} */ loaded, /** @type {number} */ total) => {
    const text = `${label}: ${progressText(loaded - first, loaded, total, now() - started)}`;
    stream.write(stream.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
    open = stream.isTTY === true;
    lastShown = now();
  };

  return {
    /** @param {number} loaded bytes, earlier ones included @param {number} total bytes, 0 if unknown */
    update(loaded, total) {
      if (first < 0) first = loaded;
      const interval = stream.isTTY ? TTY_INTERVAL_MS : LINE_INTERVAL_MS;
      if (now() - lastShown >= interval || loaded === total) show(loaded, total);
    },
    /** Ends the line that is being written over, if there is one. */
    end() {
      if (open) stream.write('\n');
      open = false;
    },
  };
}

/**
 * @param {number} received bytes of this run: what the speed is made of
 * @param {number} loaded bytes
 * @param {number} total bytes, 0 if unknown
 * @param {number} elapsedMs
 */
export function progressText(received, loaded, total, elapsedMs) {
  const parts = [total > 0 ? `${mib(loaded)} of ${mib(total)} MiB` : `${mib(loaded)} MiB`];
  if (total > 0) parts.push(`${Math.floor((100 * loaded) / total)} %`);
  const bytesPerMs = elapsedMs > 0 ? received / elapsedMs : 0;
  if (bytesPerMs > 0) {
    parts.push(`${mib(bytesPerMs * 1000)} MiB/s`);
    if (total > loaded) parts.push(`${Math.ceil((total - loaded) / bytesPerMs / 1000)} s left`);
  }
  return parts.join(', ');
}

function mib(/** @type {number} */ bytes) {
  return (bytes / MIB).toFixed(1);
}
