import { parseArgs } from 'node:util';
import { errorToData, ForgelightError } from '../../src/base/errors';
import { printableJson } from '../server/log-format';
import { bench, BENCH_ARGUMENTS } from './bench';
import { CommandLineError, type CliOption, type CliOptions } from './command-line';
import { doctor, DOCTOR_ARGUMENTS } from './doctor';
import { guardedHost, type ProcessHost } from './guarded-host';
import { list } from './list';
import { openModels, type Models } from './models';
import { pair, PAIR_ARGUMENTS } from './pair';
import { ps } from './ps';
import { pull, PULL_ARGUMENTS } from './pull';
import { rm } from './rm';
import { run, RUN_ARGUMENTS } from './run';
import { selftest } from './selftest';
import { serve } from './serve';
import { SERVE_ARGUMENTS } from './serve-options';
import { stop } from './stop';
import type { Terminal } from './terminal';
import { VERSION } from './version';

/** The process, as commands see it: nothing that they write commands a terminal (`guardedHost`). */
export interface CliHost {
  /** What was asked for: to be read by people, or with `--json` by programs. */
  readonly out: (text: string) => void;
  /** Somebody looks at `out`. */
  readonly outIsTerminal: boolean;
  /** Progress and complaints. */
  readonly err: (text: string) => void;
  /** Somebody looks at `err`: a line may be written over. */
  readonly isTerminal: boolean;
  /** Writes a line to `err` without its end, over the one that is there. */
  readonly overwrite: (text: string) => void;
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
  readonly options: CliOptions;
  /** Gives the exit code, where it is not 0 and nothing has to be said any more. */
  readonly run: (input: CommandInput) => Promise<number | void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  pull: {
    usage: 'pull <model> [--sha256 HASH] [--mirror URL]…',
    does: 'keep a model: an https address, hf:owner/repo/file.gguf, hf:owner/repo:Q4_K_M, or a file',
    takes: [1, 1],
    options: PULL_ARGUMENTS,
    run: pull,
  },
  list: { usage: 'list', does: 'show what is kept, whole or unfinished', takes: [0, 0], options: {}, run: list },
  rm: {
    usage: 'rm <model>…',
    does: 'delete models, by hash or its beginning, file name or address; files that another model needs stay',
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
    does: 'check whether this computer’s AMD GPU or an upstream can answer, and say what to type',
    takes: [0, 0],
    options: DOCTOR_ARGUMENTS,
    run: doctor,
  },
  selftest: {
    usage: 'selftest [FORMAT]…',
    does: 'compare all kernels’ results on this GPU with the CPU’s, of all block formats or of those named',
    takes: [0, Infinity],
    options: {},
    run: selftest,
  },
  bench: {
    usage: 'bench <model> [--device DEVICE] [--upstream URL]… [--profile]',
    does: 'measure how fast a model reads and answers, with --profile also each kernel: a report that can be sent',
    takes: [1, 1],
    options: BENCH_ARGUMENTS,
    run: bench,
  },
};

/** Exit codes: a failure, a command line or a variable that means nothing, and Ctrl+C. */
const FAILED = 1;
const MISUSED = 2;
const STOPPED = 130;

const JSON_OPTION = { json: { type: 'boolean', is: 'print for programs, errors too' } } as const satisfies CliOptions;

/** Runs a command line; gives the exit code. */
export async function runCli(args: readonly string[], processHost: ProcessHost): Promise<number> {
  const host = guardedHost(processHost);
  const [name = '--help', ...rest] = args;
  if (['--version', '-V', 'version'].includes(name)) {
    host.out(`${VERSION}\n`);
    return 0;
  }
  const isHelp = ['--help', '-h', 'help'].includes(name);
  const wanted = isHelp && rest[0] !== undefined ? rest[0] : name;
  if (isHelp && rest[0] === undefined) {
    host.out(help());
    return args.length === 0 ? MISUSED : 0;
  }
  const command = Object.hasOwn(COMMANDS, wanted) ? COMMANDS[wanted] : undefined;
  if (command === undefined) {
    const error = new CommandLineError(`there is no command "${wanted}".`);
    host.err(rest.includes('--json') ? jsonOf(error) : `forgelight: ${error.message}\n\n${help()}`);
    return MISUSED;
  }
  const end = rest.indexOf('--'); // what comes behind it is no option
  const given = end === -1 ? rest : rest.slice(0, end);
  if (isHelp || given.some((arg) => ['--help', '-h'].includes(arg))) {
    host.out(helpOf(command));
    return 0;
  }
  return runCommand(command, rest, host);
}

async function runCommand(command: Command, args: readonly string[], host: CliHost): Promise<number> {
  try {
    return (await command.run(readInput(command, args, host))) ?? 0;
  } catch (error) {
    if (host.signal.aborted) return STOPPED;
    const isMisuse = error instanceof CommandLineError;
    const usage = isMisuse ? `Usage: forgelight ${command.usage}\n` : '';
    if (args.includes('--json')) host.err(jsonOf(error));
    else host.err(`forgelight: ${reasonOf(error)}\n${usage}`);
    return isMisuse ? MISUSED : FAILED;
  }
}

function readInput({ takes: [least, most], options }: Command, args: readonly string[], host: CliHost): CommandInput {
  const { values, positionals } = parsed(args, { ...options, ...JSON_OPTION });
  if (positionals.length < least) throw new CommandLineError('the name of a model is missing.');
  if (positionals.length > most) throw new CommandLineError(`"${positionals[most]}" is one name too many.`);
  return { models: openModels(host), host, names: positionals, options: values };
}

function parsed(
  args: readonly string[],
  options: CliOptions,
): Pick<ReturnType<typeof parseArgs>, 'values' | 'positionals'> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new CommandLineError(reasonOf(error)); // which option it does not know, or lacks a value
  }
}

function helpOf({ usage, does, options }: Command): string {
  const rows = Object.entries<CliOption>({ ...options, ...JSON_OPTION }).map(
    ([name, { value, is }]): readonly [string, string] => [`--${name}${value === undefined ? '' : ` ${value}`}`, is],
  );
  const width = Math.max(...rows.map(([option]) => option.length));
  const lines = rows.map(([option, is]) => `  ${option.padEnd(width)}  ${is}`);
  return [`Usage: forgelight ${usage}`, '', `To ${does}.`, '', 'Options:', ...lines, ''].join('\n');
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
    'forgelight help <command> tells its options. --version tells which one this is.',
    'Models lie in FORGELIGHT_MODELS, else in the folder for data of this system. HF_TOKEN is sent to the hub alone.',
    '',
  ].join('\n');
}

function jsonOf(error: unknown): string {
  return `${printableJson({ error: errorToData(error, 'closed') })}\n`;
}

function reasonOf(error: unknown): string {
  if (error instanceof ForgelightError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
