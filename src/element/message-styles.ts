import { css } from 'lit';

export const messageStyles = css`
  .prose {
    overflow-wrap: break-word;
  }
  .plain {
    white-space: pre-wrap;
  }
  :host([data-user]) {
    display: flex;
    flex-direction: column;
    align-items: flex-end;
  }
  forgelight-question-editor {
    width: min(100%, 36rem);
  }
  .actions,
  .tools,
  .versions {
    display: flex;
    align-items: center;
  }
  /* In the gap before the answer. */
  .actions {
    gap: 0.3rem;
    margin: 0.2rem 0 -1.3rem;
  }
  .actions .small,
  .tools .small:not([data-testid='copy']),
  .versions .small {
    width: 2rem;
    padding: 0;
  }
  .versions {
    color: var(--ink-soft);
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  .versions .small {
    width: 1.6rem;
  }
  .versions [aria-disabled='true'] {
    opacity: 0.45;
    cursor: default;
  }
  /* Where a pointer can hover, what can be done with a question is out of sight until somebody is near it. */
  @media (hover: hover) {
    .actions .tools {
      opacity: 0;
      transition: opacity 120ms;
    }
    :host(:hover) .actions .tools,
    :host(:focus-within) .actions .tools {
      opacity: 1;
    }
  }
  .question {
    width: fit-content;
    max-width: min(85%, 36rem);
    margin: 0;
    padding: 0.65rem 1.05rem;
    border-radius: 20px 20px 5px 20px;
    background: var(--accent-wash);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    /* Each line in the direction of its first letter. */
    unicode-bidi: plaintext;
  }
  .running > .part:last-child > .block:last-child > :last-child::after {
    content: '';
    display: inline-block;
    width: 0.5em;
    height: 1em;
    margin-inline-start: 0.2em;
    border-radius: 2px;
    background: var(--accent);
    vertical-align: text-bottom;
    animation: breathe 1.1s ease-in-out infinite alternate;
  }
  .reading {
    display: flex;
    align-items: center;
    gap: 0.6em;
    margin: 0.5rem 0 0;
    color: var(--ink-soft);
  }
  .reading::before {
    content: '';
    width: 0.6em;
    height: 0.6em;
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
    .question {
      border: 1px solid CanvasText;
    }
    .reading::before,
    .running > .part:last-child > .block:last-child > :last-child::after {
      forced-color-adjust: none;
      background: CanvasText;
    }
  }
  .broken {
    margin: 0.5rem 0 0;
    color: var(--danger);
    font-size: 0.875rem;
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0.2rem 0.8rem;
    margin-top: 0.5rem;
  }
  .foot li + li {
    margin-top: 0;
  }
  .foot .details {
    font-size: 0.8125rem;
  }
  .foot .tools {
    margin-left: auto;
  }
  .live {
    margin: 0.5rem 0 0;
    color: var(--ink-soft);
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  .figures {
    flex: 1 0 100%;
    order: 1;
    color: var(--ink-soft);
    font-size: 0.8125rem;
  }
  .figures summary {
    width: fit-content;
    cursor: pointer;
  }
  .figures dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 0.1rem 1rem;
    margin: 0.2rem 0 0;
    font-variant-numeric: tabular-nums;
  }
  .figures dd {
    margin: 0;
  }
  forgelight-error {
    margin-top: 0.6rem;
  }
  .prose:empty + forgelight-error {
    margin-top: 0;
  }
`;
