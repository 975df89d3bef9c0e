import { describe } from 'vitest';
import { findEach } from './find-bugs';
import { PAGE_BUGS } from './page-bugs';

describe('mistakes of the chat page', () => {
  findEach(PAGE_BUGS);
});
