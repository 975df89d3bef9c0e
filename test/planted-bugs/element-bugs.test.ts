import { describe } from 'vitest';
import { ELEMENT_BUGS } from './element-bugs';
import { findEach } from './find-bugs';

describe('mistakes of the element', () => {
  findEach(ELEMENT_BUGS);
});
