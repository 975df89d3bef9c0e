import { networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import { ForgelightError } from '../../src/base/errors';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { LoadOptions } from '../../src/protocol/engine-port';
import { upstreamAddresses, type UpstreamAddress } from '../upstream/upstream-url';
import { CommandLineError, readSetting, type CliOptions } from './command-line';
import type { CommandInput } from './run-cli';

const SERVE_DEVICES = ['auto', 'hip', 'upstream', 'reference'] as const;
export type ServeDevice = (typeof SERVE_DEVICES)[number];

/** What answers. */
export interface BackendOptions {
  readonly model: string | null;
  readonly device: ServeDevice;
  /** How this computer loads models, for everybody who asks. */
  readonly load: Partial<Pick<LoadOptions, 'contextLength' | 'kvCacheType' | 'precision'>>;
  /** Addresses as they were written; more than one may stand in one text. */
  readonly upstreams: readonly string[];
  /** They are the command line's, and not the environment's. */
  readonly isUpstreamNamed: boolean;
  readonly isJson: boolean;
  readonly isVerbose: boolean;
}

export interface ServeOptions extends BackendOptions {
  readonly host: string;
  /** Names that the daemon answers for besides, where it listens on every address. */
  readonly otherNames: readonly string[];
  readonly port: number;
}

const DEFAULT_PORT = 8788;

/** How models are loaded on this computer. */
export const LOAD_ARGUMENTS = {
  'context-length': {
    type: 'string',
    value: 'N',
    is: 'tokens of one conversation; the model’s (FORGELIGHT_CONTEXT_LENGTH)',
  },
  'kv-cache-type': { type: 'string', value: 'TYPE', is: 'f16, f32 or q8_0; f16 (FORGELIGHT_KV_CACHE_TYPE)' },
  precision: {
    type: 'string',
    value: 'WHICH',
    is: 'exact, or fast with rounded activations; exact (FORGELIGHT_PRECISION)',
  },
} as const satisfies CliOptions;

/** What `forgelight serve` takes on its command line. */
export const SERVE_ARGUMENTS = {
  host: { type: 'string', value: 'HOST', is: 'where it listens; 127.0.0.1 (FORGELIGHT_HOST)' },
  port: { type: 'string', value: 'N', is: 'its port, 0 for any that is free; 8788 (FORGELIGHT_PORT)' },
  model: { type: 'string', value: 'MODEL', is: 'what is loaded at once: of the store, or a file (FORGELIGHT_MODEL)' },
  device: { type: 'string', value: 'DEVICE', is: 'auto, hip, upstream or reference; auto (FORGELIGHT_DEVICE)' },
  upstream: {
    ...{ type: 'string', multiple: true, value: 'URL' },
    is: 'an OpenAI-compatible server that answers; the next one where it does not (FORGELIGHT_UPSTREAM)',
  },
  ...LOAD_ARGUMENTS,
  verbose: { type: 'boolean', is: 'log each request' },
  'allow-network': { type: 'boolean', is: 'let --host be an address that other computers reach' },
} as const satisfies CliOptions;

type Given = CommandInput['options'];
type Env = Readonly<Record<string, string | undefined>>;

/** A setting as it was written, and what it is called where it was: `--port`, or `FORGELIGHT_PORT`. */
interface Written {
  readonly text: string;
  readonly name: string;
  /** Of the error about it. */
  readonly param: string;
}

/** The command line's, then the environment's; `null` where neither says anything. */
function written(given: Given, env: Env, option: string): Written | null {
  const value = given[option];
  if (typeof value === 'string' && value !== '') return { text: value, name: `--${option}`, param: option };
  const name = `FORGELIGHT_${option.toUpperCase().replaceAll('-', '_')}`;
  const text = value === undefined ? env[name] : undefined;
  return text ? { text, name, param: name } : null;
}

/** What a daemon is told: where it listens, and what answers. Throws `invalid-request` naming the option or the variable at fault. */
export function readServeOptions(given: Given, env: Env): ServeOptions {
  const host = readHost(written(given, env, 'host'), given['allow-network'] === true);
  return {
    ...readBackendOptions(given, env),
    host,
    otherNames: isEveryAddress(host) ? addressesOfThisComputer() : [],
    port: readPort(written(given, env, 'port')),
  };
}

/** What answers, in a daemon or a command. Throws as `readServeOptions`. */
export function readBackendOptions(given: Given, env: Env): BackendOptions {
  const { upstreams, isUpstreamNamed } = readUpstreams(given, env);
  return {
    model: written(given, env, 'model')?.text ?? null,
    device: readDevice(written(given, env, 'device')),
    load: readLoad({
      contextLength: written(given, env, 'context-length'),
      kvCacheType: written(given, env, 'kv-cache-type'),
      precision: written(given, env, 'precision'),
    }),
    upstreams,
    isUpstreamNamed,
    isJson: given['json'] === true,
    isVerbose: given['verbose'] === true,
  };
}

/** Servers elsewhere. Throws nothing. */
export function readUpstreams(given: Given, env: Env): Pick<BackendOptions, 'upstreams' | 'isUpstreamNamed'> {
  const named = Array.isArray(given['upstream']) ? given['upstream'].map(String) : [];
  const fromEnv = env['FORGELIGHT_UPSTREAM'] || '';
  return { upstreams: named.length === 0 && fromEnv !== '' ? [fromEnv] : named, isUpstreamNamed: named.length > 0 };
}

/** Of texts as `readUpstreams` gives them. Throws `invalid-request` for what is none. */
export function addressesIn(texts: readonly string[]): readonly UpstreamAddress[] {
  return readSetting(() => texts.flatMap(upstreamAddresses));
}

/** Whether servers elsewhere answer. */
export function passesOn({ upstreams, device }: BackendOptions): boolean {
  return upstreams.length > 0 && (device === 'auto' || device === 'upstream');
}

function readHost(given: Written | null, isAllowed: boolean): string {
  if (given === null) return '127.0.0.1';
  const { text: host, name } = given;
  if (!/^[a-z0-9.:-]+$/i.test(host)) {
    throw invalid(given, `${name} must be an address or a name, and is "${host}".`);
  }
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (isLoopback || isAllowed) return host;
  throw invalid(
    given,
    `${host} can be reached from other computers, and what they send is not encrypted: whoever listens there reads keys and conversations. ` +
      `Leave ${name} out to serve this computer alone, or add --allow-network if you want this.`,
  );
}

function readPort(given: Written | null): number {
  if (given === null) return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(given.text) ? Number(given.text) : NaN;
  if (port <= 65_535) return port;
  throw invalid(given, `${given.name} must be a number from 0 to 65535, and is "${given.text}".`);
}

/** Only what was given, as `createEngine` takes it. */
function readLoad(given: Record<keyof ServeOptions['load'], Written | null>): ServeOptions['load'] {
  const options: Record<string, string | number> = {};
  for (const [name, one] of Object.entries(given)) {
    if (one === null) continue;
    const isCount = name === 'contextLength' && /^\d{1,9}$/.test(one.text);
    options[name] = isCount ? Number(one.text) : one.text;
  }
  try {
    parseEngineOptions({ ...options, model: 'sha256:' });
    return options;
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    const wrong = Object.entries(given).find(([name]) => name === error.param)?.[1] ?? null;
    if (error.param === undefined || wrong === null) throw error;
    throw invalid(wrong, error.message.replace(error.param, wrong.name));
  }
}

function readDevice(given: Written | null): ServeDevice {
  if (given === null) return 'auto';
  const device = SERVE_DEVICES.find((name) => name === given.text);
  if (device !== undefined) return device;
  throw invalid(given, `${given.name} must be ${SERVE_DEVICES.join(', ')}, and is "${given.text}".`);
}

function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Numbers only: a name could be anybody's. */
function addressesOfThisComputer(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

function invalid({ param }: Written, message: string): CommandLineError {
  return new CommandLineError(message, param);
}
