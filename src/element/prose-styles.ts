import { css } from 'lit';

/** Of rendered markdown: fetched with what renders it. */
export const proseStyles = css`
  /* 4.5:1 against --sunken, and no meaning by colour alone. */
  .prose {
    --code-keyword: var(--forgelight-code-keyword, light-dark(#9a2c7d, #f19ad8));
    --code-string: var(--forgelight-code-string, light-dark(#2f6627, #a5d68b));
    --code-value: var(--forgelight-code-value, light-dark(#a3241b, #ffa08f));
    --code-title: var(--forgelight-code-title, light-dark(#2a55a5, #97bcff));
    --code-name: var(--forgelight-code-name, light-dark(#7a4d08, #ecc27a));
  }
  /* Out of sight its blocks are neither laid out nor painted; it stays as high as it was. */
  .part {
    content-visibility: auto;
    contain-intrinsic-size: auto 30rem;
    overflow-clip-margin: 1em;
  }
  /* A formula of a hostile model could draw over other messages, which are further away than this; numbers of lists stand out by less, see below. */
  .block {
    overflow: clip;
    overflow-clip-margin: 1em;
  }
  .part + .part > .block:first-child,
  .block + .block {
    margin-top: 0.8em;
  }
  /* What goes on from a very long block above. */
  .part + .part > .block.continued:first-child,
  .block + .block.continued {
    margin-top: 0.25em;
  }
  .math.display {
    display: block;
    margin: 0.4em 0;
    overflow-x: auto;
    overflow-y: hidden;
  }
  math {
    font-size: 1.05em;
  }
  mtable mtd {
    padding-block: 0.2em;
  }
  .code-comment {
    color: var(--ink-soft);
  }
  .code-keyword {
    color: var(--code-keyword);
  }
  .code-string,
  .code-added {
    color: var(--code-string);
  }
  .code-value,
  .code-removed {
    color: var(--code-value);
  }
  .code-title {
    color: var(--code-title);
  }
  .code-name {
    color: var(--code-name);
  }
  .block > :first-child {
    margin-top: 0;
  }
  .block > :last-child {
    margin-bottom: 0;
  }
  h4,
  h5,
  h6 {
    margin: 1.2em 0 0.4em;
    line-height: 1.35;
  }
  .part + .part > .block:first-child > :is(h4, h5, h6):first-child,
  .block + .block > :is(h4, h5, h6):first-child {
    margin-top: 1.3em;
  }
  h4 {
    font-size: 1.25rem;
  }
  h5 {
    font-size: 1.1rem;
  }
  h6 {
    font-size: 1rem;
  }
  p {
    margin: 0 0 0.8em;
  }
  ul,
  ol {
    margin: 0 0 0.8em;
    padding-inline-start: 1.6em;
  }
  /* Their numbers stand out by less than what is clipped. */
  .wide {
    padding-inline-start: 3.4em;
  }
  .wider {
    padding-inline-start: 6.5em;
  }
  li + li {
    margin-top: 0.25em;
  }
  li > ul,
  li > ol {
    margin: 0.25em 0 0;
  }
  a {
    color: var(--accent);
    text-underline-offset: 0.15em;
    overflow-wrap: anywhere;
  }
  blockquote {
    margin: 0;
    padding-inline-start: 1em;
    border-inline-start: 3px solid var(--line);
    color: var(--ink-soft);
  }
  hr {
    margin: 1.5em 0;
    border: 0;
    border-top: 1px solid var(--line);
  }
  code {
    padding: 0.1em 0.35em;
    border-radius: 5px;
    background: var(--sunken);
    font: 0.9em/1.55 var(--font-code);
  }
  pre {
    margin: 0;
    padding: 0.9rem 1rem;
    border: 1px solid var(--line);
    border-radius: var(--radius-small);
    background: var(--sunken);
    overflow-x: auto;
  }
  pre[data-language]::before {
    content: attr(data-language);
    display: block;
    margin-bottom: 0.5rem;
    color: var(--ink-soft);
    font: 500 0.75rem/1 var(--font);
  }
  pre code {
    padding: 0;
    background: none;
    font-size: 0.875rem;
  }
  .block > div {
    overflow-x: auto;
  }
  table {
    border-collapse: collapse;
    font-size: 0.9375rem;
  }
  th,
  td {
    padding: 0.4rem 0.8rem;
    border-bottom: 1px solid var(--line);
    text-align: start;
  }
  th {
    border-bottom-color: var(--line-strong);
  }
  [align='right'] {
    text-align: right;
  }
  [align='center'] {
    text-align: center;
  }
`;
