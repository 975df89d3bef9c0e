import { css } from 'lit';

/** What every component shares: box model, focus ring, text for screen readers only, reduced motion. */
export const baseStyles = css`
  :host {
    display: block;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  [hidden] {
    display: none !important;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  svg {
    flex: none;
    display: block;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
      scroll-behavior: auto !important;
    }
  }
  summary {
    min-height: 1.5rem;
  }
`;

export const controlStyles = css`
  /* What is written goes in the direction of its first letter, line by line; what is empty as the page does. */
  textarea,
  input {
    unicode-bidi: plaintext;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.5rem;
    min-height: 2.5rem;
    padding: 0.4rem 1rem;
    border: 1px solid var(--line);
    border-radius: 999px;
    background: var(--surface);
    color: var(--ink);
    font: inherit;
    font-size: 0.9375rem;
    font-weight: 500;
    cursor: pointer;
    transition:
      background-color 120ms,
      border-color 120ms,
      color 120ms;
  }
  button:hover:not(:disabled) {
    background: var(--sunken);
    border-color: var(--line-strong);
  }
  button:disabled {
    opacity: 0.5;
    cursor: not-allowed;
  }
  /* The system has a colour for these, which is not to fade; next to nothing of it does, so that Chromium paints what comes to life anew. */
  @media (forced-colors: active) {
    button:disabled {
      opacity: 0.99;
    }
    button.primary:enabled {
      --accent: Highlight;
      --accent-hover: Highlight;
      --on-accent: HighlightText;
      forced-color-adjust: none;
    }
  }
  button.primary {
    background: var(--accent);
    border-color: transparent;
    color: var(--on-accent);
  }
  button.primary:hover:not(:disabled) {
    background: var(--accent-hover);
    border-color: transparent;
  }
  button.quiet {
    background: transparent;
    border-color: transparent;
    color: var(--ink-soft);
  }
  button.quiet:hover:not(:disabled) {
    background: var(--sunken);
    color: var(--ink);
  }
  button.icon {
    width: 2.5rem;
    padding: 0;
  }
  button.small {
    min-height: 2rem;
    padding: 0.1rem 0.6rem;
    font-size: 0.8125rem;
    gap: 0.35rem;
  }
  button.small svg {
    width: 1rem;
    height: 1rem;
  }
  input:is([type='text'], [type='password'], [type='search']) {
    width: 100%;
    min-height: 2.5rem;
    padding: 0.4rem 0.9rem;
    border: 1px solid var(--line-strong);
    border-radius: 999px;
    background: var(--surface);
    color: var(--ink);
    font: inherit;
    font-size: 0.9375rem;
  }
  ::placeholder {
    color: var(--ink-soft);
    opacity: 1;
  }
`;

export const cardStyles = css`
  .card {
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    box-shadow: var(--shadow);
    padding: clamp(1.1rem, 4vw, 1.6rem);
  }
  /* A dot stands before every item; those that would begin a line are clipped. */
  .details {
    display: flex;
    flex-wrap: wrap;
    gap: 0.1rem 0;
    overflow: hidden;
    margin: 0;
    padding: 0;
    list-style: none;
    color: var(--ink-soft);
    font-size: 0.875rem;
    font-variant-numeric: tabular-nums;
  }
  .details li {
    position: relative;
    left: -1.1em;
    margin-right: -0.1em;
    padding-left: 1.1em;
  }
  .details li::before {
    content: '·';
    position: absolute;
    left: 0.45em;
  }
`;
