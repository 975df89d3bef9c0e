import { describe } from 'vitest';
import { CACHE_BUGS } from './cache-bugs';
import { findEach } from './find-bugs';

describe('mistakes about blocks, places and devices', () => {
  findEach(CACHE_BUGS);
});
