import type { ErrorCode } from '../../src/base/errors';
import type { HostRequest } from '../../src/protocol/engine-port';
import type { Outcome } from '../../src/protocol/events';
import { ANSWER_SHAPES } from '../../test/support/answer-shapes';

export interface ScriptedAnswer {
  readonly promptTokens: number;
  readonly pieces: readonly string[];
  /** Between two bursts. */
  readonly pieceMs: number;
  /** So many pieces come together. */
  readonly burst: number;
  /** Before the piece of this number; `null`: never. */
  readonly losesGpuAt: number | null;
  readonly outcome: Outcome;
}

interface ChatRequest {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

/**
 * What the last question asks for:
 * - `write: TEXT`: the text, word by word; `count: N`: N numbered words; `slowly: N`: the same, 50 ms apart
 * - `pour: N`: N tokens of all kinds of markdown, 500 a second
 * - `fail: CODE`: two words, then a failure; `lose: N`: N numbered words, and the GPU is lost in their middle, until
 *   there is a message on the channel `scripted-gpu`
 * - `body`: the request itself, as JSON in a code block; anything else is repeated
 */
export function answerTo(request: HostRequest): ScriptedAnswer {
  const body = request.kind === 'chat' ? (request.body as ChatRequest) : { messages: [] };
  const question = body.messages.at(-1)?.content ?? '';
  const words = body.messages.reduce((sum, { content }) => sum + content.split(/\s+/).length, 0);
  const [, verb = '', rest = ''] = /^(\w+):?\s*([^]*)$/.exec(question) ?? [];
  const answer = { promptTokens: words, pieceMs: 0, burst: 1, losesGpuAt: null, outcome: { kind: 'stop' } as const };
  switch (verb) {
    case 'write':
      return { ...answer, pieces: wordsOf(rest) };
    case 'count':
      return { ...answer, pieces: numbered(Number(rest)) };
    case 'slowly':
      return { ...answer, pieces: numbered(Number(rest)), pieceMs: 50 };
    case 'pour':
      return { ...answer, pieces: allKinds(Number(rest)), pieceMs: 10, burst: 5 };
    case 'lose':
      return { ...answer, pieces: numbered(Number(rest)), pieceMs: 10, losesGpuAt: Math.floor(Number(rest) / 2) };
    case 'fail':
      return { ...answer, pieces: wordsOf('As far'), outcome: failure(rest) };
    case 'body':
      return { ...answer, pieces: [`\`\`\`json\n${JSON.stringify(body, null, 1)}\n\`\`\`\n`] };
    default:
      return { ...answer, pieces: wordsOf(`You said: ${question}`) };
  }
}

function wordsOf(text: string): readonly string[] {
  return text.split(/(?<=\s)/);
}

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `word${index + 1} `);
}

function allKinds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => ANSWER_SHAPES['all kinds']?.(index) ?? '');
}

function failure(code: string): Outcome {
  return { kind: 'failed', error: { code: code as ErrorCode, message: `The script fails with ${code}.` } };
}
