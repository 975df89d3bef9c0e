import { describe } from 'vitest';
import { findEach } from './find-bugs';
import { UPSTREAM_BUGS } from './upstream-bugs';

describe('mistakes about upstreams', () => {
  findEach(UPSTREAM_BUGS);
});
