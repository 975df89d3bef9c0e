import { unreachable } from '../base/assert';
import type { AnswerStatus } from './chat-types';
import { ERROR_TEXT, TEXT } from './messages';

/** What is said of how an answer is getting on, or how it ended. */
export function endingText(status: AnswerStatus): string {
  switch (status.kind) {
    case 'finished':
      return status.reason === 'length' ? TEXT.status.cut : TEXT.status.finished;
    case 'stopped':
      return TEXT.status.stopped;
    case 'failed':
      return ERROR_TEXT[status.failure.code].title;
    case 'reading':
    case 'elsewhere':
    case 'writing':
      return TEXT.status.answering;
    default:
      return unreachable(status);
  }
}
