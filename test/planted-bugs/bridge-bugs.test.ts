import { describe } from 'vitest';
import { BRIDGE_BUGS } from './bridge-bugs';
import { findEach } from './find-bugs';

describe('mistakes of the bridge', () => {
  findEach(BRIDGE_BUGS);
});
