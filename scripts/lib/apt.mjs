// Packages of Debian and its kin, where they may be installed. Only tests and builds of the package need any.
import { run } from './command.mjs';

/** Mirrors that do not answer are asked for minutes. */
const UPDATE_MS = 3 * 60_000;
const INSTALL_MS = 15 * 60_000;

/** Whether there is apt to ask for: on Linux, as root. */
export const hasApt = () => process.platform === 'linux' && process.getuid?.() === 0;

/**
 * What it could not install is seen by who looks for it afterwards.
 * @param {readonly string[]} packages and options of `apt-get install` @param {AbortSignal} signal
 */
export async function installWithApt(packages, signal) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const { code } = await run('apt-get', ['update'], { signal, env, timeoutMs: UPDATE_MS });
  if (code === 0) await run('apt-get', ['install', '-y', ...packages], { signal, env, timeoutMs: INSTALL_MS });
}
