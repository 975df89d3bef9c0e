import { ForgelightError } from '../../src/base/errors';
import type { ChatMessage } from '../../src/client/types';
import type { Timings } from '../../src/protocol/events';
import { printable } from '../server/log-format';
import type { Answerer } from './answerer';
import { CommandLineError, type CliOptions } from './command-line';
import { usableName } from './keep-model';
import { ANSWERER_ARGUMENTS, openAnswerer } from './open-answerer';
import { ProgressLine } from './progress-line';
import type { CommandInput } from './run-cli';

export const RUN_ARGUMENTS = {
  ...ANSWERER_ARGUMENTS,
  system: { type: 'string', value: 'TEXT', is: 'what the model is told before everything else' },
  'max-tokens': { type: 'string', value: 'N', is: 'how long an answer may be; until the context is full' },
  temperature: { type: 'string', value: 'N', is: '0 always takes the likeliest token; 0.8' },
  verbose: { type: 'boolean', is: 'show how fast it was, and what the engine tells' },
} as const satisfies CliOptions;

const INTERRUPTED = 130;
/** A line of its own ends what is typed. */
const LEAVE = ['/bye', '/exit', '/quit'];

/** Answers a prompt in the terminal, or holds a conversation. Ctrl+C ends an answer; where nothing is typed it ends the conversation. */
export async function run(input: CommandInput): Promise<number | void> {
  const { host, names, options } = input;
  const [named = '', ...words] = names;
  const settings = readSettings(options);
  const { terminal } = host;
  const given = words.join(' ');
  const piped = given !== '' || terminal.isInteractive ? '' : (await terminal.readAll(host.signal)).trim();
  const prompt = given || piped;
  if (prompt === '' && !terminal.isInteractive) {
    throw new CommandLineError('There is no prompt: give one behind the model, or pipe one in.');
  }
  const model = await usableName(input, named);
  const answerer = await openAnswerer(input);
  try {
    const chat = new Conversation(answerer, model, settings, input);
    if (prompt !== '') return await once(chat, prompt, input);
    await converse(chat, input);
  } finally {
    await answerer.close();
  }
}

async function once(chat: Conversation, prompt: string, { host, options }: CommandInput): Promise<number> {
  const said = await chat.say(prompt);
  if (options['json'] === true) host.out(`${JSON.stringify(await forPrograms(chat, said), null, 2)}\n`);
  return said.wasInterrupted ? INTERRUPTED : 0;
}

/** With `--json` each answer is a line. */
async function converse(chat: Conversation, { host, options }: CommandInput): Promise<void> {
  const { terminal, out, err, signal } = host;
  err('Ctrl+C ends an answer; Ctrl+C or Ctrl+D where nothing is typed ends the conversation.\n');
  for (;;) {
    const typed = await terminal.ask('> ', signal);
    signal.throwIfAborted();
    if (typed.is === 'end') return err('\n');
    if (typed.is === 'interrupted') {
      err('\n');
      if (typed.wasEmpty) return;
      continue;
    }
    const text = typed.text.trim();
    if (LEAVE.includes(text)) return;
    if (text === '') continue;
    try {
      const said = await chat.say(text);
      if (options['json'] === true) out(`${JSON.stringify(await forPrograms(chat, said))}\n`);
    } catch (error) {
      // One answer that fails ends no conversation.
      if (signal.aborted || !(error instanceof ForgelightError)) throw error;
      err(`forgelight: ${error.message}\n`);
    }
  }
}

async function forPrograms(chat: Conversation, { text, timings }: Said): Promise<object> {
  return { text, timings, device: await chat.device() };
}

interface Said {
  readonly text: string;
  readonly timings: Timings | null;
  readonly wasInterrupted: boolean;
}

/** Owns what was said so far. */
class Conversation {
  private readonly messages: ChatMessage[] = [];

  constructor(
    private readonly answerer: Answerer,
    private readonly model: string,
    private readonly settings: Settings,
    private readonly input: CommandInput,
  ) {
    if (settings.system !== null) this.messages.push({ role: 'system', content: settings.system });
  }

  device(): Promise<string | null> {
    return this.answerer.device(this.input.host.signal);
  }

  /** Shows the answer as it comes. What an interrupted one has said so far stays part of the conversation. */
  async say(content: string): Promise<Said> {
    const { host, options } = this.input;
    const { terminal, signal } = host;
    const show = options['json'] === true ? (): void => undefined : host.out;
    const messages = [...this.messages, { role: 'user' as const, content }];
    const stop = new AbortController();
    const leave = (): void => stop.abort(new DOMException('Stopped.', 'AbortError'));
    const forget = terminal.onInterrupt(() => {
      forget(); // who asks again does not want to wait for the end of this
      leave();
    });
    const releases = [forget, listen(signal, leave)];
    const line = new ProgressLine(host, this.model);
    let text = '';
    let timings: Timings | null = null;
    try {
      const body = { model: this.model, messages, ...this.settings.body };
      const chunks = await this.answerer.chat(body, {
        signal: stop.signal,
        onProgress: ({ phase, loaded, total }) => (phase === 'ready' ? line.end() : line.show(loaded, total)),
      });
      line.end();
      for await (const chunk of chunks) {
        const piece = chunk.choices[0]?.delta.content ?? '';
        text += piece;
        if (piece !== '') show(piece);
        timings = chunk.timings ?? timings;
      }
    } catch (error) {
      const isOurs = error instanceof DOMException && error.name === 'AbortError' && stop.signal.aborted;
      if (signal.aborted || !isOurs) throw error;
    } finally {
      line.end();
      for (const release of releases) release();
      if (text !== '') show('\n');
    }
    const wasInterrupted = stop.signal.aborted;
    if (wasInterrupted) host.err('Stopped.\n');
    if (text !== '' || !wasInterrupted) this.messages.push(...messages.slice(-1), { role: 'assistant', content: text });
    if (options['verbose'] === true && timings !== null)
      host.err(`${speedOf(timings)}, ${printable(String(await this.device()))}\n`);
    return { text, timings, wasInterrupted };
  }
}

function listen(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

function speedOf({ prompt_n, prompt_per_second, predicted_n, predicted_per_second }: Timings): string {
  const read = `${prompt_n} tokens read at ${prompt_per_second.toFixed(1)} tok/s`;
  return `${read}, ${predicted_n} written at ${predicted_per_second.toFixed(1)} tok/s`;
}

interface Settings {
  readonly system: string | null;
  readonly body: object;
}

function readSettings(options: CommandInput['options']): Settings {
  const number = (name: string): number | undefined => {
    const text = options[name];
    if (typeof text !== 'string') return undefined;
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value)) return value;
    throw new CommandLineError(`--${name} must be a number, and is "${text}".`);
  };
  const [tokens, temperature] = [number('max-tokens'), number('temperature')];
  const { system } = options;
  return {
    system: typeof system === 'string' ? system : null,
    body: {
      ...(tokens !== undefined && { max_tokens: tokens }),
      ...(temperature !== undefined && { temperature }),
    },
  };
}
