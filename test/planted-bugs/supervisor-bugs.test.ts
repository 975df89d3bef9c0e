import { describe } from 'vitest';
import { findEach } from './find-bugs';
import { SUPERVISOR_BUGS } from './supervisor-bugs';

describe('mistakes about processes that die', () => {
  findEach(SUPERVISOR_BUGS);
});
