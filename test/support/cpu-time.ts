/**
 * Milliseconds that this process has had of the processors: between two of them lies what the work in between takes. By the clock that is
 * any time at all on a computer which has other things to do.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
