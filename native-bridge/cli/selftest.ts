import { askHip, hipDevice, testHip, type AskHip } from './ask-hip';
import type { CommandInput } from './run-cli';

const WRONG = 1;

/** Holds the kernels' results on this computer's GPU against the CPU's, and remembers what came of it. */
export const selftest = (input: CommandInput): Promise<number> => testOn(askHip, input);

/** The same with a probe of a test's own. */
export async function testOn(ask: AskHip, { host, options }: CommandInput): Promise<number> {
  const device = await hipDevice(ask, host.env);
  const { name, build } = device;
  if (options['json'] !== true) host.err(`Testing ${name} …\n`);
  const problems = await testHip(ask, host.env, device);
  if (options['json'] === true) host.out(`${JSON.stringify({ device: name, build, problems }, null, 2)}\n`);
  else if (problems.length === 0) host.out(`${name} computes rightly: every kernel gives what the CPU does.\n`);
  else {
    host.out(`${name} computes wrongly, and is not used:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
    host.err('Install a newer driver, then test again: forgelight selftest. Until then pages use WebGPU.\n');
  }
  return problems.length === 0 ? 0 : WRONG;
}
