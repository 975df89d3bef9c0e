import { describe } from 'vitest';
import { findEach } from './find-bugs';
import { STORE_BUGS } from './store-bugs';

describe('mistakes about what is kept', () => {
  findEach(STORE_BUGS);
});
