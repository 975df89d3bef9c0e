import { Environment, parse, tokenize } from '@huggingface/jinja';
import { ForgelightError } from '../base/errors';
import { BoundedInterpreter } from './bounded-interpreter';
import { assertPlainData, invalid, plainMessages, type TemplateMessage } from './chat-messages';
import { TemplateRefusal, TemplateTooCostly } from './template-errors';
import { withKnownEscapes } from './template-escapes';
import { createGlobals } from './template-globals';

export interface RenderOptions {
  /** Ends the prompt where the assistant is to speak. Default true. */
  readonly addGenerationPrompt?: boolean;
  /** Variables for the template (`chat_template_kwargs`): plain data. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

export interface ChatTemplate {
  /** What the user should know, in whole sentences; grows when a conversation shows that the template cannot be used. */
  readonly notes: readonly string[];
  /**
   * The prompt of a conversation. Throws `invalid-request`: with `param: 'messages'` for a conversation that the template refuses or
   * that is too large, with `param: 'chat_template_kwargs'` for variables that are not plain data or have a name of the template's own.
   */
  render(messages: readonly TemplateMessage[], options?: RenderOptions): string;
}

export interface TemplateContext {
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  /** Default: the computer's clock. */
  readonly now?: () => Date;
}

type Variables = Readonly<Record<string, unknown>>;
type Template = (variables: Variables) => string;

/** Real templates are shorter than 64 KiB. */
const MAX_TEMPLATE_UNITS = 256 * 1024;
/** @huggingface/jinja searches for a tag with a pattern that is quadratic in runs of white space. */
const MAX_BLANK_UNITS = 512;
/** Reasons may quote the conversation; what they say must not grow without end. */
const MAX_NOTES = 4;
const MAX_REASON_UNITS = 200;
const PROBE: readonly TemplateMessage[] = [{ role: 'user', content: 'Hello' }];

/**
 * The chat template of a model (`tokenizer.chat_template`). A template that is missing, malformed, too costly or beyond what the
 * interpreter knows is replaced by ChatML, and `notes` says so.
 */
export function createChatTemplate(templateText: string | null, context: TemplateContext): ChatTemplate {
  const now = context.now ?? (() => new Date());
  const globals = { ...createGlobals(now), bos_token: context.bosToken ?? '', eos_token: context.eosToken ?? '' };
  const notes: string[] = [];
  let template: Template | null = null;

  function note(reason: string): void {
    const text = `${reason} ChatML is used instead: answers may be worse than this model can give.`;
    if (notes.length < MAX_NOTES && !notes.includes(text)) notes.push(text);
  }

  const isMissing = templateText === null || templateText.trim() === '';
  if (isMissing) note('The model file has no chat template.');
  // Some files name it in place of a template, as llama.cpp knows.
  else if (templateText.trim() !== 'chatml') {
    try {
      template = compile(templateText, now);
      probe(template, globals);
    } catch (error) {
      template = null;
      note(`The model's chat template cannot be used (${messageOf(error)}).`);
    }
  }

  return {
    notes,
    render(messages, options = {}) {
      const kwargs = checkedKwargs(options.kwargs ?? {}, globals);
      const variables = variablesOf(messages, { ...options, kwargs });
      const renderInstead = (): string => renderChatMl(messages, options.addGenerationPrompt ?? true);
      if (template === null) return renderInstead();
      try {
        return template({ ...globals, ...variables });
      } catch (error) {
        if (error instanceof TemplateRefusal || error instanceof TemplateTooCostly) throw requestError(error);
        // this conversation alone: another one must not depend on what came before it
        note(`The model's chat template cannot be used for every conversation (${messageOf(error)}).`);
        return renderInstead();
      }
    },
  };
}

/** Throws what a first conversation makes the template throw, unless it refuses that one: it may accept real ones. */
function probe(template: Template, globals: Variables): void {
  try {
    template({ ...globals, ...variablesOf(PROBE, {}) });
  } catch (error) {
    if (!(error instanceof TemplateRefusal)) throw error;
  }
}

function compile(text: string, now: () => Date): Template {
  if (text.length > MAX_TEMPLATE_UNITS) throw new TemplateTooCostly(`it has ${text.length} characters`);
  for (const [blanks] of text.matchAll(/\s+/g)) {
    if (blanks.length > MAX_BLANK_UNITS) throw new TemplateTooCostly(`it has ${blanks.length} blanks in a row`);
  }
  // as Jinja2 reads line ends, and as Hugging Face renders: a block's line end and the blanks before it are not output
  const source = withKnownEscapes(text.replaceAll(/\r\n?/g, '\n'));
  const program = parse(withDo(tokenize(source, { lstrip_blocks: true, trim_blocks: true })));
  return (variables) => {
    const environment = new Environment();
    for (const [name, value] of Object.entries(variables)) environment.set(name, value);
    return new BoundedInterpreter(environment, () => now().getTime()).run(program).toString();
  };
}

type Tokens = ReturnType<typeof tokenize>;

/** `{% do x %}`, which the parser lacks, as an assignment to a name that no template can read. */
function withDo(tokens: Tokens): Tokens {
  return tokens.flatMap((token, i): Tokens => {
    const isDo = token.type === 'Identifier' && token.value === 'do' && tokens[i - 1]?.type === 'OpenStatement';
    if (!isDo) return [token];
    return [
      { value: 'set', type: 'Identifier' },
      { value: ' done', type: 'Identifier' },
      { value: '=', type: 'Equals' },
    ];
  });
}

function variablesOf(messages: readonly TemplateMessage[], options: RenderOptions): Variables {
  return {
    ...options.kwargs,
    messages: plainMessages(messages),
    add_generation_prompt: options.addGenerationPrompt ?? true,
  };
}

function checkedKwargs(kwargs: Variables, globals: Variables): Variables {
  const param = 'chat_template_kwargs';
  for (const name of Object.keys(kwargs)) {
    if (Object.hasOwn(globals, name) || ['messages', 'add_generation_prompt', 'namespace'].includes(name)) {
      throw invalid(param, `${param} cannot set ${JSON.stringify(name)}: it is the template's own.`);
    }
  }
  assertPlainData(kwargs, param);
  return kwargs;
}

/** https://github.com/openai/openai-python/blob/release-v0.28.0/chatml.md: what most models were tuned with. */
function renderChatMl(messages: readonly TemplateMessage[], addGenerationPrompt: boolean): string {
  const turns = plainMessages(messages).map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`);
  return turns.join('') + (addGenerationPrompt ? '<|im_start|>assistant\n' : '');
}

function requestError(error: TemplateRefusal | TemplateTooCostly): ForgelightError {
  const message =
    error instanceof TemplateRefusal
      ? `The model's chat template refuses this conversation: ${error.message}`
      : `The model's chat template gives up on this conversation: ${error.message}. Send fewer or shorter messages.`;
  return new ForgelightError('invalid-request', message, { param: 'messages', cause: error });
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON_UNITS);
}
