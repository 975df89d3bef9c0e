import { css } from 'lit';

/** The list of conversations, in its column or its drawer. */
export const conversationStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
    height: 100%;
  }
  .top {
    display: grid;
    gap: 0.6rem;
    padding: 0.75rem 0.75rem 0.5rem;
  }
  .new {
    justify-content: flex-start;
    width: 100%;
  }
  .search {
    position: relative;
  }
  .search svg {
    position: absolute;
    top: 0.65rem;
    left: 0.8rem;
    width: 1.2rem;
    height: 1.2rem;
    color: var(--ink-soft);
    pointer-events: none;
  }
  .search input {
    padding-left: 2.5rem;
  }
  .list {
    flex: 1;
    min-height: 4rem;
    padding: 0.25rem 0.5rem;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-width: thin;
    scrollbar-color: var(--line-strong) transparent;
  }
  .list:focus-visible {
    outline-offset: -2px;
  }
  h2 {
    margin: 0.8rem 0.5rem 0.3rem;
    color: var(--ink-soft);
    font-size: 0.75rem;
    font-weight: 600;
    letter-spacing: 0.02em;
  }
  ul {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .row {
    position: relative;
    display: flex;
    align-items: center;
    border-radius: var(--radius-small);
  }
  .row:hover,
  .row:focus-within {
    background: var(--sunken);
  }
  .row.shown {
    background: var(--accent-wash);
  }
  .open {
    flex: 1;
    justify-content: flex-start;
    min-width: 0;
    min-height: 2.4rem;
    padding: 0.35rem 0.6rem;
    border: 0;
    border-radius: var(--radius-small);
    background: transparent;
    font-weight: 400;
    text-align: start;
  }
  .open:hover:not(:disabled) {
    background: transparent;
  }
  .shown .open {
    font-weight: 550;
  }
  .title {
    unicode-bidi: plaintext;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .writing {
    flex: none;
    width: 0.55rem;
    height: 0.55rem;
    border-radius: 50%;
    background: var(--accent);
    animation: breathe 1.1s ease-in-out infinite alternate;
  }
  @keyframes breathe {
    to {
      opacity: 0.3;
    }
  }
  /* Backgrounds are gone there. */
  @media (forced-colors: active) {
    .row.shown {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
    .writing {
      forced-color-adjust: none;
      background: CanvasText;
    }
    .question,
    .problem {
      border: 1px solid CanvasText;
    }
  }
  .tools {
    flex: none;
    display: flex;
    padding-right: 0.2rem;
  }
  .tools button {
    width: 2rem;
    padding: 0;
  }
  .tools button:hover:not(:disabled) {
    background: var(--surface);
  }
  /* Where a pointer can hover, a row’s buttons come when it is pointed at, or has the focus. */
  @media (hover: hover) {
    .row:not(:hover, :focus-within) .tools {
      position: absolute;
      clip-path: inset(50%);
    }
  }
  /* Where none can, they take half of it. */
  @media (hover: none) {
    .title {
      display: -webkit-box;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 2;
      white-space: normal;
      overflow-wrap: anywhere;
      line-height: 1.35;
    }
  }
  form {
    display: flex;
    align-items: center;
    gap: 0.3rem;
    padding: 0.15rem 0;
  }
  form input {
    min-width: 0;
  }
  form button {
    flex: none;
    width: 2.2rem;
    padding: 0;
  }
  .question {
    margin: 0.15rem 0;
    padding: 0.6rem 0.7rem 0.7rem;
    border-radius: var(--radius-small);
    background: var(--danger-wash);
    font-size: 0.875rem;
    line-height: 1.45;
    overflow-wrap: anywhere;
  }
  .question p {
    margin: 0 0 0.5rem;
  }
  .question div {
    display: flex;
    flex-wrap: wrap;
    gap: 0.6rem;
  }
  .note {
    margin: 0.5rem;
    color: var(--ink-soft);
    font-size: 0.875rem;
    line-height: 1.5;
    text-wrap: pretty;
  }
  .problem {
    margin: 0;
    padding: 0.6rem 0.75rem;
    border-radius: var(--radius-small);
    background: var(--danger-wash);
    font-size: 0.8125rem;
    line-height: 1.45;
    overflow-wrap: anywhere;
  }
  .bottom {
    display: grid;
    gap: 0.5rem;
    padding: 0.5rem 0.75rem max(0.75rem, env(safe-area-inset-bottom));
    border-top: 1px solid var(--line);
  }
  .files {
    display: flex;
    gap: 0.2rem;
  }
  .files button {
    flex: 1;
  }
`;
