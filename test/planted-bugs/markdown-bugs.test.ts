import { describe } from 'vitest';
import { findEach } from './find-bugs';
import { MARKDOWN_BUGS } from './markdown-bugs';

describe('mistakes of what a model’s markdown becomes', () => {
  findEach(MARKDOWN_BUGS);
});
