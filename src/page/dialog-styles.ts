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
  /* In sight however long the rest is. */
  .head {
    position: sticky;
    top: -0.6rem;
    z-index: 1;
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin: -0.6rem -0.6rem 0;
    padding: 0.6rem 0.8rem 0.4rem 1.5rem;
    background: var(--paper);
  }
  .head h2 {
    margin: 0;
    font-size: 1.0625rem;
    font-weight: 650;
    line-height: 1.3;
    text-wrap: balance;
  }
`;
