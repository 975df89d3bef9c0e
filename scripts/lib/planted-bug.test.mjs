import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './paths.mjs';
import { plantedBug } from './planted-bug.mjs';

/** @param {{ file?: string, find?: string, replace?: string }} bug @param {string} code @param {string} file that is loaded */
function load(bug, code, file = 'src/x.ts') {
  const { transform } = plantedBug({ file: 'src/x.ts', find: 'a < b', replace: 'a <= b', ...bug });
  if (typeof transform !== 'function') throw new TypeError('the plugin transforms');
  return Reflect.apply(transform, undefined, [code, join(ROOT, file)]);
}

describe('a planted bug', () => {
  it('is in its file and in no other', () => {
    expect(load({}, 'if (a < b) stop();')).toMatchObject({ code: 'if (a <= b) stop();' });
    expect(load({}, 'if (a < b) stop();', 'src/y.ts')).toBeNull();
  });

  it('is taken as it is written', () => {
    expect(load({ replace: '$& $1' }, 'if (a < b) stop();')).toMatchObject({ code: 'if ($& $1) stop();' });
  });

  it('needs one place, no more and no less', () => {
    expect(() => load({}, 'if (a > b) stop();')).toThrow('src/x.ts has 0 places like this, instead of one:\na < b');
    expect(() => load({}, 'a < b; a < b')).toThrow('has 2 places');
  });
});
