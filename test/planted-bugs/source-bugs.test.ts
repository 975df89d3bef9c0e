import { describe } from 'vitest';
import { findEach } from './find-bugs';
import { SOURCE_BUGS } from './source-bugs';

describe('mistakes about where a model comes from', () => {
  findEach(SOURCE_BUGS);
});
