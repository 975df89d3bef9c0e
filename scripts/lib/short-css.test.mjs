import { expect, it } from 'vitest';
import { shortCss, shortSheets } from './short-css.mjs';

it('leaves out comments and blanks, and nothing that means anything', () => {
  const sheet = `
    /* Said; { by } us */
    :host(:hover) .row :focus-visible,
    li + li {
      margin: 0 calc(100vw - 2rem);
      content: '·';
    }
    @media (max-width: 40rem) and (hover: hover) {
      .a::before { color: red; }
    }
  `;
  expect(shortCss(sheet)).toBe(
    ":host(:hover) .row :focus-visible,li + li{margin: 0 calc(100vw - 2rem);content: '·'}" +
      '@media (max-width: 40rem) and (hover: hover){.a::before{color: red}}',
  );
});

it('finds the sheets of components, and leaves other texts alone', () => {
  const { transform } = /** @type {{ transform: (code: string, id: string) => { code: string } | null }} */ (
    shortSheets()
  );
  const code =
    'const a = css`\n  p {\n    margin: 0;\n  }\n`;\nconst b = html`<p>\n</p>`;\nconst c = css`p { top: ${top}; }`;';
  expect(transform(code, '/x/src/page/a-view.ts')).toEqual({
    code: 'const a = css`p{margin: 0}`;\nconst b = html`<p>\n</p>`;\nconst c = css`p { top: ${top}; }`;',
    map: null,
  });
  expect(transform(code, '/x/node_modules/a/index.js')).toBeNull();
});
