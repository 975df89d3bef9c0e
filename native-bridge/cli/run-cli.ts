import { parseArgs, type ParseArgsConfig } from 'node:util';
import { ForgelightError } from '../../src/base/errors';
import { bench, BENCH_ARGUMENTS } from './bench';
import { doctor, DOCTOR_ARGUMENTS } from './doctor';
import { list } from './list';
import { openModels, type Models } from './models';
import { pair, PAIR_ARGUMENTS } from './pair';
import { ps } from './ps';
import { pull } from './pull';
import { rm } from './rm';
import { run, RUN_ARGUMENTS } from './run';
import { selftest } from './selftest';
import { serve } from './serve';
import { SERVE_ARGUMENTS } from './serve-options';
import { stop } from './stop';
import type { Terminal } from './terminal';

/** The process, as commands see it. */
export interface CliHost {
  /** What was asked for: to be read by people, or with `--json` by programs. */
  readonly out: (text: string) => void;
  /** Progress and complaints. */
  readonly err: (text: string) => void;
  /** Somebody looks at `err`: a line may be written over. */
  readonly isTerminal: boolean;
  /** Where people type. */
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ctrl+C. */
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
}

export interface CommandInput {
  readonly models: Models;
  readonly host: CliHost;
  readonly names: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
}

interface Command {
  readonly usage: string;
  readonly does: string;
  /** How many names it takes. */
  readonly takes: readonly [number, number];
  readonly options: ParseArgsConfig['options'];
  /** Gives the exit code, where it is not 0 and nothing has to be said any more. */
  readonly run: (input: CommandInput) => Promise<number | void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  pull: {
    usage: 'pull <model> [--sha256 HASH] [--mirror URL]…',
    does: 'download a model: an https address, hf:owner/repo/file.gguf or hf:owner/repo:Q4_K_M',
    takes: [1, 1],
    options: { sha256: { type: 'string' }, mirror: { type: 'string', multiple: true } },
    run: pull,
  },
  list: { usage: 'list', does: 'show what is kept, whole or unfinished', takes: [0, 0], options: {}, run: list },
  rm: {
    usage: 'rm <model>…',
    does: 'delete models, by hash or its beginning, file name or address',
    takes: [1, Infinity],
    options: {},
    run: rm,
  },
  serve: {
    usage: 'serve [--port N] [--model MODEL] [--device DEVICE] [--upstream URL]…',
    does: 'answer on this computer: OpenAI’s calls over HTTP, and the chat page',
    takes: [0, 0],
    options: SERVE_ARGUMENTS,
    run: serve,
  },
  pair: {
    usage: 'pair [--list | --revoke ID | --key [NAME]]',
    does: 'show codes of pages that want to be paired; list, take back, or make a key for a program',
    takes: [0, 1],
    options: PAIR_ARGUMENTS,
    run: pair,
  },
  run: {
    usage: 'run <model> [prompt]… [--verbose]',
    does: 'answer here in the terminal: a prompt, what is piped in, or a conversation; Ctrl+C ends an answer',
    takes: [1, Infinity],
    options: RUN_ARGUMENTS,
    run,
  },
  ps: { usage: 'ps', does: 'show what the daemon has loaded, and what runs', takes: [0, 0], options: {}, run: ps },
  stop: {
    usage: 'stop [model]',
    does: 'take the model off the daemon’s device',
    takes: [0, 1],
    options: {},
    run: stop,
  },
  doctor: {
    usage: 'doctor [--upstream URL]…',
    does: 'look whether this computer’s AMD GPU or an upstream can answer, and say what to type',
    takes: [0, 0],
    options: DOCTOR_ARGUMENTS,
    run: doctor,
  },
  selftest: {
    usage: 'selftest',
    does: 'compare the kernels’ results on this GPU with known ones',
    takes: [0, 0],
    options: {},
    run: selftest,
  },
  bench: {
    usage: 'bench <model> [--device DEVICE] [--upstream URL]…',
    does: 'measure how fast a model reads and answers: a report that can be sent',
    takes: [1, 1],
    options: BENCH_ARGUMENTS,
    run: bench,
  },
};

/** Exit codes: a failure, a command line that means nothing, and Ctrl+C. */
const FAILED = 1;
const MISUSED = 2;
const STOPPED = 130;

/** Runs a command line; gives the exit code. */
export async function runCli(args: readonly string[], host: CliHost): Promise<number> {
  const [name = '--help', ...rest] = args;
  if (['--help', '-h', 'help'].includes(name)) {
    host.out(help());
    return args.length === 0 ? MISUSED : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    host.err(`forgelight: there is no command "${name}".\n\n${help()}`);
    return MISUSED;
  }
  if (rest.some((arg) => ['--help', '-h'].includes(arg))) {
    host.out(helpOf(command));
    return 0;
  }
  let input: CommandInput;
  try {
    input = readInput(command, rest, host);
  } catch (error) {
    host.err(`forgelight: ${reasonOf(error)}\nUsage: forgelight ${command.usage}\n`);
    return MISUSED;
  }
  try {
    return (await command.run(input)) ?? 0;
  } catch (error) {
    if (host.signal.aborted) return STOPPED;
    host.err(`forgelight: ${reasonOf(error)}\n`);
    return FAILED;
  }
}

function readInput({ takes: [least, most], options }: Command, args: string[], host: CliHost): CommandInput {
  const json = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({ args, options: { ...options, json }, allowPositionals: true });
  if (positionals.length < least) throw new Error('the name of a model is missing.');
  if (positionals.length > most) throw new Error(`"${positionals[most]}" is one name too many.`);
  return { models: openModels(host), host, names: positionals, options: values };
}

function helpOf({ usage, does, options }: Command): string {
  const names = Object.entries({ ...options, json: { type: 'boolean' } }).map(
    ([name, { type }]) => `  --${name}${type === 'string' ? ' VALUE' : ''}`,
  );
  return [`Usage: forgelight ${usage}`, '', `To ${does}.`, '', 'Options:', ...names, ''].join('\n');
}

function help(): string {
  const commands = Object.values(COMMANDS);
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  const lines = commands.map(({ usage, does }) => `  ${usage.padEnd(width)}  ${does}`);
  return [
    'Usage: forgelight <command> [--json]',
    '',
    ...lines,
    '',
    'Models lie in FORGELIGHT_MODELS, else in the folder for data of this system. HF_TOKEN is sent to the hub alone.',
    '',
  ].join('\n');
}

function reasonOf(error: unknown): string {
  if (error instanceof ForgelightError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
