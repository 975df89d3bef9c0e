import { expect, it } from 'vitest';
import { checkMarkdown } from '../../test/element/check-markdown';

it('markdown is made of what is allowed alone, and grows without losing anything', () => {
  expect(checkMarkdown).not.toThrow();
});
