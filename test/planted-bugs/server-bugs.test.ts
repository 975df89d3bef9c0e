import { describe } from 'vitest';
import { findEach } from './find-bugs';
import { SERVER_BUGS } from './server-bugs';

describe('mistakes of the daemon', () => {
  findEach(SERVER_BUGS);
});
