import { checkMarkdown } from '../element/check-markdown';
import type { FindViolation } from './violation';

/** Of rendered markdown; no schedules, so that there is nothing to draw. */
export const violation: FindViolation = async () => {
  try {
    checkMarkdown();
    return null;
  } catch (error) {
    return { error, schedules: 1 };
  }
};
