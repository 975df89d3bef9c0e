import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ForgelightError } from '../../src/base/errors';
import { systemClock as clock } from '../../src/base/system-clock';
import { examine, type KnownHip } from '../doctor/examine';
import { nodeMachine } from '../doctor/machine';
import { reportOf } from '../doctor/report';
import { installedCodeObjects } from '../hip/code-objects';
import { libraryNames } from '../hip/hip-library';
import { readSelfTest, verdictOn } from '../state/self-test-file';
import { stateFolder } from '../state/state-folder';
import { checkUpstream, type CheckedUpstream } from '../upstream/check-upstream';
import { upstreamKey } from '../upstream/upstream-url';
import { askHipUntil, hipDevice, type AskedDevice, type AskHip } from './ask-hip';
import { readSetting, type CliOptions } from './command-line';
import type { CliHost, CommandInput } from './run-cli';
import { addressesIn, readUpstreams } from './serve-options';

export const DOCTOR_ARGUMENTS = {
  upstream: { type: 'string', multiple: true, value: 'URL', is: 'a server to look at as well (FORGELIGHT_UPSTREAM)' },
} as const satisfies CliOptions;

const NOTHING_ANSWERS = 1;

/** Looks whether this computer or an upstream can answer; exit code 1 where neither can. */
export async function doctor({ host, options }: CommandInput): Promise<number> {
  const diagnosis = await examine(nodeMachine(host.env), {
    libraries: libraryNames(host.env, process.platform),
    hasKoffi: canResolve('koffi'),
    targets: (await installedCodeObjects(host.env, dirname(fileURLToPath(import.meta.url)))).targets,
    askHip: () => whatHipSays(askHipUntil(host.signal), host.env),
    upstreams: await askUpstreams(readUpstreams(options, host.env).upstreams, host),
  });
  host.out(options['json'] === true ? `${JSON.stringify(diagnosis, null, 2)}\n` : reportOf(diagnosis));
  return diagnosis.answers.length > 0 ? 0 : NOTHING_ANSWERS;
}

/** With a probe of a test's own. */
export async function whatHipSays(ask: AskHip, env: CliHost['env']): Promise<KnownHip> {
  let device: AskedDevice;
  try {
    device = await hipDevice(ask, env);
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    return { hip: { is: 'failed', reason: error.message }, selfTest: { is: 'never' } };
  }
  const { name } = device;
  const gfx = /gfx[0-9a-f]+/.exec(name)?.[0] ?? '';
  const hip = { is: 'asked' as const, gpus: [{ gfx, name: name.replace(` (${gfx})`, '') }] };
  return { hip, selfTest: verdictOn(device, await readSelfTest(stateFolder(env))) };
}

function askUpstreams(texts: readonly string[], { env, fetch }: CliHost): Promise<readonly CheckedUpstream[]> {
  const key = readSetting(() => upstreamKey(env));
  const ports = { clock, fetch, random: Math.random, key };
  return Promise.all(addressesIn(texts).map((address) => checkUpstream(address, ports)));
}

function canResolve(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
