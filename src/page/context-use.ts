import type { Message } from '../element/chat-types';

/** How much of what a model can hold a conversation fills. */
export interface ContextUse {
  readonly tokens: number;
  readonly contextLength: number;
  /** The engine counts when an answer ends; what came since is estimated by its letters. */
  readonly isEstimate: boolean;
  readonly level: 'roomy' | 'near' | 'full';
}

/** As English has them in most vocabularies; where an answer was counted, its own. */
const LETTERS_A_TOKEN = 4;
/** Roles and separators that a template puts around a message. */
const TEMPLATE_TOKENS = 8;
const NEAR_SHARE = 0.85;

/** Of the shown conversation; `null` where there is nothing of it. */
export function contextUse(messages: readonly Message[], contextLength: number): ContextUse | null {
  if (messages.length === 0) return null;
  const index = messages.findLastIndex((message) => countedTokens(message) !== null);
  const counted = index < 0 ? 0 : (countedTokens(messages[index]) ?? 0);
  const since = messages.slice(index + 1);
  const lettersAToken = measuredLetters(messages);
  const guessed = since.reduce((sum, { text }) => sum + TEMPLATE_TOKENS + text.length / lettersAToken, 0);
  const tokens = Math.min(contextLength, Math.round(counted + guessed));
  return { tokens, contextLength, isEstimate: since.length > 0, level: levelOf(tokens, contextLength) };
}

/** All that was in the context at the end of an answer: its prompt holds what came before. */
function countedTokens(message: Message | undefined): number | null {
  const timings = timingsOf(message);
  return timings === null ? null : timings.prompt_n + timings.cache_n + timings.predicted_n;
}

function timingsOf(message: Message | undefined) {
  return message?.role === 'assistant' && message.status.kind === 'finished' ? message.status.timings : null;
}

/** Letters of a token in the answers that were counted. */
function measuredLetters(messages: readonly Message[]): number {
  let letters = 0;
  let tokens = 0;
  for (const message of messages) {
    const timings = timingsOf(message);
    if (timings === null) continue;
    letters += message.text.length;
    tokens += timings.predicted_n;
  }
  // A few short answers say little: thinking that is not shown, or one word.
  return letters < 100 || tokens === 0 ? LETTERS_A_TOKEN : letters / tokens;
}

function levelOf(tokens: number, contextLength: number): ContextUse['level'] {
  if (tokens >= contextLength) return 'full';
  return tokens >= NEAR_SHARE * contextLength ? 'near' : 'roomy';
}
