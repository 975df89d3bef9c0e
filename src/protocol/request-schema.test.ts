import { describe, expect, it } from 'vitest';
import { ForgelightError } from '../base/errors';
import { parseCompletionBody } from './completion-schema';
import { parseEvaluation } from './evaluation-schema';
import { parseChatBody, parseTokenIds, parseTokenize } from './request-schema';

const hello = { messages: [{ role: 'user', content: 'Hello' }] };

function failure(parse: () => unknown): { code: string; param: string | undefined; message: string } {
  try {
    parse();
  } catch (error) {
    if (error instanceof ForgelightError) return { code: error.code, param: error.param, message: error.message };
    throw error;
  }
  throw new Error('it was accepted');
}

const number = (name: string, min: number, max: number): [unknown, string, string][] =>
  [NaN, Infinity, -Infinity, min - 1, max + 1, '1', true, [1], {}].map((value) => [
    { [name]: value },
    name,
    `${name} must be a number from ${min} to ${max}, got `,
  ]);

const integer = (name: string, min: number, max: number): [unknown, string, string][] =>
  [NaN, Infinity, min - 1, max + 1, min + 0.5, '1', [], {}].map((value) => [
    { [name]: value },
    name,
    `${name} must be a whole number from ${min} to ${max}, got `,
  ]);

const INT32 = 2 ** 31 - 1;

const badSampling: [unknown, string, string][] = [
  ...number('temperature', 0, 2),
  ...number('top_p', 0, 1),
  ...number('min_p', 0, 1),
  ...number('repeat_penalty', 0.01, 100),
  ...number('presence_penalty', -2, 2),
  ...number('frequency_penalty', -2, 2),
  ...integer('top_k', 0, INT32),
  ...integer('repeat_last_n', -1, INT32),
  ...integer('max_tokens', 1, INT32),
  ...integer('seed', 0, 2 ** 32 - 1),
  [{ stream: 'yes' }, 'stream', 'stream must be true or false, got "yes"'],
  [{ stream_options: {} }, 'stream_options', 'stream_options needs stream to be true'],
  [{ stream: true, stream_options: [] }, 'stream_options', 'stream_options must be an object, got an empty array'],
  [
    { stream: true, stream_options: { include_usage: 1 } },
    'stream_options.include_usage',
    'must be true or false, got 1',
  ],
  [{ logit_bias: [1, 2] }, 'logit_bias', 'logit_bias must be an object, got an array of 2'],
  [{ logit_bias: { 5: 101 } }, 'logit_bias.5', 'logit_bias.5 must be a number from -100 to 100, got 101'],
  [{ logit_bias: { 5: NaN } }, 'logit_bias.5', 'got NaN'],
  [{ logit_bias: { cat: 1 } }, 'logit_bias', 'logit_bias has a key that is not a token id'],
  [{ logit_bias: Object.fromEntries(Array.from({ length: 1025 }, (_, id) => [id, 1])) }, 'logit_bias', 'at most 1024'],
  [{ stop: '' }, 'stop', 'stop must be text of 1 to 1024 characters, got ""'],
  [{ stop: 5 }, 'stop', 'stop must be an array of 0 to 16 stop strings'],
  [{ stop: ['a', ''] }, 'stop[1]', 'stop[1] must be text of 1 to 1024 characters, got ""'],
  [{ stop: Array.from({ length: 17 }, () => 'x') }, 'stop', 'got an array of 17'],
  [{ stop: 'x'.repeat(1025) }, 'stop', 'got text of 1025 characters'],
  [{ n: 2 }, 'n', 'n must be 1 (several answers to one request come in a later version), got 2'],
  [{ tools: [] }, 'tools', 'tools is not supported: it comes in a later version; leave it out'],
  [{ service_tier: 'flex' }, 'service_tier', 'must be "auto" or "default", got "flex"'],
  [
    { stream: true, stream_options: { include_obfuscation: true } },
    'stream_options.include_obfuscation',
    'must be false: nothing is padded here',
  ],
  [{ tool_choice: 'none' }, 'tool_choice', 'tool_choice is not supported'],
  [
    { response_format: { type: 'json_object' } },
    'response_format.type',
    'must be "text" (other formats come in a later version)',
  ],
  [{ model: 7 }, 'model', 'model must be text'],
  [{ temprature: 1 }, 'temprature', 'temprature is not a known field: did you mean temperature?'],
  [{ maxTokens: 1 }, 'maxTokens', 'did you mean max_tokens?'],
  [{ quux_zebra_field: 1 }, 'quux_zebra_field', 'the fields known here are '],
  [JSON.parse('{"__proto__": 1}'), '__proto__', '__proto__ is not a known field'],
  [{ 'a b': 1 }, '["a b"]', 'is not a known field'],
];

const badChat: [unknown, string | undefined, string][] = [
  ...integer('max_completion_tokens', 1, INT32),
  ...integer('top_logprobs', 0, 20),
  [{ top_logprobs: 3 }, 'top_logprobs', 'top_logprobs needs logprobs to be true'],
  [{ top_logprobs: 3, logprobs: false }, 'top_logprobs', 'top_logprobs needs logprobs to be true'],
  [{ logprobs: 3 }, 'logprobs', 'logprobs must be true or false, got 3'],
  [{ messages: undefined }, 'messages', 'messages must be an array of 1 to 4096 messages, got undefined'],
  [{ messages: [] }, 'messages', 'got an empty array'],
  [{ messages: 'Hello' }, 'messages', 'got "Hello"'],
  [{ messages: Array.from({ length: 4097 }, () => hello.messages[0]) }, 'messages', 'got an array of 4097'],
  [{ messages: ['Hello'] }, 'messages[0]', 'messages[0] must be an object, got "Hello"'],
  [{ messages: [hello.messages[0], { role: 'user' }] }, 'messages[1].content', 'messages[1].content is missing'],
  [{ messages: [{ role: 'robot', content: '' }] }, 'messages[0].role', 'must be "system" or "user" or'],
  [
    { messages: [{ role: 'user', content: 5 }] },
    'messages[0].content',
    'must be an array of 1 to 1024 text parts, or text, got 5',
  ],
  [{ messages: [{ role: 'user', content: null }] }, 'messages[0].content', 'got null'],
  [{ messages: [{ role: 'user', content: [] }] }, 'messages[0].content', 'got an empty array'],
  [
    { messages: [{ role: 'user', content: 'x'.repeat(2 * 1024 * 1024 + 1) }] },
    'messages[0].content',
    'got text of 2097153 characters',
  ],
  [
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '' },
            { type: 'image_url', image_url: { url: 'x' } },
          ],
        },
      ],
    },
    'messages[0].content[1].type',
    'must be "text" (images, audio and files are not supported), got "image_url"',
  ],
  [{ messages: [{ role: 'user', content: [{ type: 'text', text: 1 }] }] }, 'messages[0].content[0].text', 'got 1'],
  [
    { messages: [{ role: 'assistant', content: '', tool_calls: [] }] },
    'messages[0].tool_calls',
    'tools come in a later version',
  ],
  [{ messages: [{ role: 'user', content: '', nam: 'x' }] }, 'messages[0].nam', 'did you mean name?'],
  [{ chat_template_kwargs: [] }, 'chat_template_kwargs', 'must be an object'],
  [{ chat_template_kwargs: { a: 'x'.repeat(70_000) } }, 'chat_template_kwargs', 'is too large'],
  [{ chat_template_kwargs: { a: () => 1 } }, 'chat_template_kwargs', 'not plain data'],
  [{ prompt: 'x' }, 'prompt', 'prompt is not a known field'],
  [{ modalities: ['text', 'audio'] }, 'modalities[1]', 'must be "text", got "audio"'],
  [{ modalities: ['audio'] }, 'modalities[0]', 'must be "text", got "audio"'],
  [{ reasoning_effort: 'high' }, 'reasoning_effort', 'there is text alone'],
  [{ prediction: {} }, 'prediction', 'there is text alone'],
  [
    { messages: [{ role: 'assistant', content: '', annotations: [{}] }] },
    'messages[0].annotations',
    'send the text as content',
  ],
];

const badCompletion: [unknown, string, string][] = [
  ...integer('logprobs', 0, 20),
  [{ prompt: [] }, 'prompt', 'prompt must be an array of 1 to 1048576 token ids, or text, got an empty array'],
  [{ prompt: [1, -1] }, 'prompt[1]', 'prompt[1] must be a whole number'],
  [{ prompt: ['a', 'b'] }, 'prompt', 'must be an array of 1 to 1 text: send one request for each'],
  [{ prompt: ['a', 1] }, 'prompt[1]', 'must be text of 0 to 2097152 characters'],
  [{ prompt: null }, 'prompt', 'got null'],
  [{ echo: true }, 'echo', 'echo must be false'],
  [{ best_of: 3 }, 'best_of', 'best_of must be 1'],
  [{ suffix: 'x' }, 'suffix', 'suffix is not supported'],
];

describe('parseChatBody', () => {
  it.each([...badSampling, ...badChat])('refuses %j', (changes, param, words) => {
    const refusal = failure(() => parseChatBody({ ...hello, ...(changes as object) }));
    expect(refusal).toEqual({ code: 'invalid-request', param, message: expect.stringContaining(words) });
    if (param !== undefined) expect(refusal.message.startsWith(param)).toBe(true);
  });

  it.each([[undefined], [null], [3], ['{}'], [[hello]], [() => hello]])('refuses %j as a body', (body) => {
    const { code, param, message } = failure(() => parseChatBody(body));
    expect({ code, param }).toEqual({ code: 'invalid-request', param: undefined });
    expect(message).toMatch(/^the request body must be an object, got /);
  });

  it('names what is missing', () => {
    expect(failure(() => parseChatBody({}))).toEqual({
      code: 'invalid-request',
      param: 'messages',
      message: 'messages is missing',
    });
  });

  const defaults = {
    model: null,
    stream: false,
    includeUsage: false,
    maxTokens: null,
    stop: [],
    messages: hello.messages,
    templateKwargs: {},
    sampling: {
      temperature: 0.8,
      topK: 40,
      topP: 0.95,
      minP: 0.05,
      repeatPenalty: 1,
      repeatLastN: 64,
      presencePenalty: 0,
      frequencyPenalty: 0,
      logitBias: [],
      seed: null,
      topLogprobs: null,
    },
  };

  it('fills in the defaults, for null as for absence', () => {
    expect(parseChatBody(hello)).toEqual(defaults);
    const names = [
      'model',
      'stream',
      'stream_options',
      'max_tokens',
      'max_completion_tokens',
      'temperature',
      'top_p',
      'top_k',
      'min_p',
    ];
    names.push(
      'repeat_penalty',
      'repeat_last_n',
      'presence_penalty',
      'frequency_penalty',
      'logit_bias',
      'seed',
      'stop',
      'n',
    );
    names.push(
      'logprobs',
      'top_logprobs',
      'chat_template_kwargs',
      'tools',
      'tool_choice',
      'response_format',
      'user',
      'metadata',
      'store',
    );
    for (const value of [null, undefined]) {
      expect(parseChatBody({ ...hello, ...Object.fromEntries(names.map((name) => [name, value])) })).toEqual(defaults);
    }
  });

  it('reads everything', () => {
    const parsed = parseChatBody({
      messages: [
        {
          role: 'system',
          content: [
            { type: 'text', text: 'Be' },
            { type: 'text', text: 'kind' },
          ],
        },
        { role: 'user', content: '', name: 'Ada' },
      ],
      model: 'smollm2',
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 5,
      max_completion_tokens: 7,
      temperature: 0,
      top_p: 0.5,
      top_k: 0,
      min_p: 1,
      repeat_penalty: 1.1,
      repeat_last_n: -1,
      presence_penalty: -2,
      frequency_penalty: 2,
      logit_bias: { 7: -100, 0: 1.5 },
      seed: 0xffffffff,
      stop: 'END',
      n: 1,
      logprobs: true,
      top_logprobs: 20,
      chat_template_kwargs: { enable_thinking: false, nested: { list: [1, null] } },
      response_format: { type: 'text' },
      user: 'u',
      metadata: { a: 'b' },
      store: true,
    });
    expect(parsed).toEqual({
      model: 'smollm2',
      stream: true,
      includeUsage: true,
      maxTokens: 7,
      stop: ['END'],
      messages: [
        { role: 'system', content: 'Be\nkind' },
        { role: 'user', content: '', name: 'Ada' },
      ],
      templateKwargs: { enable_thinking: false, nested: { list: [1, null] } },
      sampling: {
        temperature: 0,
        topK: 0,
        topP: 0.5,
        minP: 1,
        repeatPenalty: 1.1,
        repeatLastN: INT32,
        presencePenalty: -2,
        frequencyPenalty: 2,
        logitBias: [
          [0, 1.5],
          [7, -100],
        ],
        seed: 0xffffffff,
        topLogprobs: 20,
      },
    });
  });

  it('reports no alternatives when logprobs asks for none', () => {
    expect(parseChatBody({ ...hello, logprobs: true }).sampling.topLogprobs).toBe(0);
    expect(parseChatBody({ ...hello, top_logprobs: 0 }).sampling.topLogprobs).toBe(null);
  });

  it('ends on cyclic template arguments', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(failure(() => parseChatBody({ ...hello, chat_template_kwargs: cycle })).param).toBe('chat_template_kwargs');
  });
});

describe('fields of OpenAI’s that change nothing', () => {
  it.each([
    { service_tier: 'auto', safety_identifier: 'x', prompt_cache_key: 'y', parallel_tool_calls: true },
    { modalities: ['text'], audio: null, prediction: null, web_search_options: null, verbosity: null },
    { stream: true, stream_options: { include_usage: false, include_obfuscation: false } },
  ])('are accepted: %j', (fields) => {
    const { stream, ...read } = parseChatBody({ ...hello, ...fields });
    const { stream: _, ...plain } = parseChatBody(hello);
    expect(read).toEqual(plain);
    expect(stream).toBe('stream' in fields);
  });

  it('are accepted in an answer that is sent back', () => {
    const answer = { role: 'assistant', content: 'Hi', refusal: null, annotations: [], audio: null, tool_calls: null };
    const messages = [...hello.messages, answer, ...hello.messages];
    expect(parseChatBody({ messages }).messages).toHaveLength(3);
  });
});

describe('parseCompletionBody', () => {
  it.each([...badSampling, ...badCompletion])('refuses %j', (changes, param, words) => {
    const refusal = failure(() => parseCompletionBody({ prompt: 'Hello', ...(changes as object) }));
    expect(refusal).toEqual({ code: 'invalid-request', param, message: expect.stringContaining(words) });
  });

  it('reads text and token ids', () => {
    expect(parseCompletionBody({ prompt: 'Hello', max_tokens: 3, logprobs: 2 })).toMatchObject({
      prompt: 'Hello',
      maxTokens: 3,
      sampling: { temperature: 0.8, topLogprobs: 2 },
    });
    expect(parseCompletionBody({ prompt: [1, 2] }).prompt).toEqual([1, 2]);
    expect(parseCompletionBody({ prompt: '' }).prompt).toBe('');
    expect(parseCompletionBody({ prompt: ['Hello'] }).prompt).toBe('Hello');
  });
});

describe('parseEvaluation', () => {
  it.each([
    [{ ids: [] }, 'ids'],
    [{ ids: 'abc' }, 'ids'],
    [{ ids: [1.5] }, 'ids[0]'],
    [{ ids: [1], positions: 'first' }, 'positions'],
    [{ ids: [1], positions: [] }, 'positions'],
    [{ ids: [1], positions: [0, -1] }, 'positions[1]'],
  ])('refuses %j', (input, param) => {
    expect(failure(() => parseEvaluation(input))).toMatchObject({ code: 'invalid-request', param });
  });

  it('looks at the last position unless told', () => {
    expect(parseEvaluation({ ids: [1, 2] })).toEqual({ ids: [1, 2], positions: 'last' });
    expect(parseEvaluation({ ids: [1, 2], positions: [0] }).positions).toEqual([0]);
  });
});

describe('parseTokenize and parseTokenIds', () => {
  it('reads and refuses', () => {
    expect(parseTokenize({ text: 'a' })).toEqual({ text: 'a', options: { addSpecial: true, parseSpecial: true } });
    expect(parseTokenize({ text: '', options: { addSpecial: false } }).options).toEqual({
      addSpecial: false,
      parseSpecial: true,
    });
    expect(failure(() => parseTokenize({ text: 1 })).param).toBe('text');
    expect(failure(() => parseTokenize({ text: '', options: { addspecial: false } })).param).toBe('options.addspecial');
    expect(parseTokenIds({ ids: [] })).toEqual([]);
    expect(failure(() => parseTokenIds({ ids: [NaN] })).param).toBe('ids[0]');
  });
});
