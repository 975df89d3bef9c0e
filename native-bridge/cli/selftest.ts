import { QUANT_FORMATS } from '../../src/quant/registry';
import type { ProbeStep } from '../engine/run-probe';
import { askHip, hipDevice, testHip, type AskHip } from './ask-hip';
import { CommandLineError } from './command-line';
import type { CliHost, CommandInput } from './run-cli';

const WRONG = 1;
/** Where all kernels are wrong, hundreds of lines tell no more. */
const MOST_SHOWN = 10;

/** Holds the kernels' results on this computer's GPU against the CPU's, and remembers what came of it. */
export const selftest = (input: CommandInput): Promise<number> => testOn(askHip, input);

/** The same with a probe of a test's own. */
export async function testOn(ask: AskHip, { host, names, options }: CommandInput): Promise<number> {
  const formats = formatsOf(names);
  const isJson = options['json'] === true;
  const { signal } = host;
  const device = await hipDevice(ask, host.env, signal);
  const { name, build } = device;
  if (!isJson) host.err(`Testing ${name} …\n`);
  const progress = new StepProgress(host);
  const onStep = (step: ProbeStep): void => (isJson ? undefined : progress.show(step));
  const found = await testHip(ask, host.env, device, { formats, onStep, signal }).finally(() => progress.end());
  const wrong = Object.keys(found.formats).filter((type) => (found.formats[type] ?? []).length > 0);
  const problems = [...new Set([...found.problems, ...wrong.flatMap((type) => found.formats[type] ?? [])])];
  if (isJson) host.out(`${JSON.stringify({ device: name, build, ...found }, null, 2)}\n`);
  else if (problems.length === 0) {
    const count = Object.keys(found.formats).length;
    host.out(`${name} computes rightly: every kernel gives what the CPU does, on ${count} block formats.\n`);
  } else {
    const consequence =
      found.problems.length > 0 ? 'and is not used' : `and models with weights in ${wrong.join(', ')} are refused`;
    const more = problems.length - MOST_SHOWN;
    const shown = [...problems.slice(0, MOST_SHOWN), ...(more > 0 ? [`and ${more} more, which --json tells`] : [])];
    host.out(`${name} computes wrongly, ${consequence}:\n${shown.map((line) => `  ${line}\n`).join('')}`);
    host.err('Install a newer driver, then test again: forgelight selftest. Until then pages use WebGPU.\n');
  }
  return problems.length === 0 ? 0 : WRONG;
}

/** All, where none are named. */
function formatsOf(names: readonly string[]): readonly string[] {
  const all = QUANT_FORMATS.map(({ type }): string => type);
  const stranger = names.find((name) => !all.includes(name));
  if (stranger === undefined) return names.length === 0 ? all : names;
  throw new CommandLineError(`"${stranger}" is no block format. There are: ${all.join(', ')}.`);
}

/** How far the test is: one line that is written over where somebody looks, else a line for each kernel, and for each block format. */
class StepProgress {
  private shown = '';
  private isOpen = false;

  constructor(private readonly host: Pick<CliHost, 'err' | 'isTerminal' | 'overwrite'>) {}

  show({ what, format, done, of }: ProbeStep): void {
    const { isTerminal, err, overwrite } = this.host;
    const count = `${String(done + 1).padStart(String(of).length)} of ${of}`;
    if (isTerminal) overwrite(`${count}  ${what}`);
    else if ((format ?? what) !== this.shown) err(`${count}  ${format ?? what}\n`);
    this.shown = format ?? what;
    this.isOpen = isTerminal;
  }

  end(): void {
    if (this.isOpen) this.host.overwrite('');
    this.isOpen = false;
  }
}
