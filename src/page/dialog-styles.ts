import { css } from 'lit';

/** A dialog over the page. */
export const dialogStyles = css`
  dialog {
    width: min(32rem, calc(100vw - 2rem));
    max-height: min(46rem, calc(100dvh - 2rem));
    padding: 0.6rem;
    text-align: start;
    border: 1px solid var(--line);
    border-radius: calc(var(--radius) + 0.5rem);
    background: var(--paper);
    color: inherit;
    box-shadow: var(--shadow);
    scrollbar-width: thin;
    scrollbar-color: var(--line-strong) transparent;
  }
  dialog::backdrop {
    background: #0008;
  }
`;
