import { describe } from 'vitest';
import { findEach } from './find-bugs';
import { REQUEST_BUGS } from './request-bugs';

describe('mistakes about who is alive and who is told', () => {
  findEach(REQUEST_BUGS);
});
