import { css } from 'lit';

export const settingsStyles = css`
  label,
  legend,
  summary {
    font-weight: 550;
    font-size: 0.9375rem;
  }
  .help {
    margin: 0;
    color: var(--ink-soft);
    font-size: 0.8125rem;
    font-weight: 400;
    line-height: 1.45;
  }
  .initial {
    white-space: nowrap;
  }
  textarea {
    display: block;
    width: 100%;
    min-height: 5rem;
    max-height: 40vh;
    margin-top: 0.5rem;
    padding: 0.6rem 0.9rem;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--paper);
    color: var(--ink);
    font: inherit;
    font-size: 0.9375rem;
    line-height: 1.5;
    resize: vertical;
    field-sizing: content;
  }
  fieldset {
    min-width: 0;
    margin: 1.2rem 0 0;
    padding: 0;
    border: 0;
  }
  legend {
    padding: 0;
  }
  .presets {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
    gap: 0.5rem;
    margin-top: 0.5rem;
  }
  .preset {
    position: relative;
    display: flex;
    flex-direction: column;
    padding: 0.55rem 0.8rem 0.65rem 2.3rem;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    cursor: pointer;
  }
  .preset:hover {
    background: var(--sunken);
  }
  .preset:has(:checked) {
    border-color: var(--accent);
    background: var(--accent-wash);
  }
  .preset:has(:focus-visible) {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .preset input {
    position: absolute;
    top: 0.85rem;
    left: 0.8rem;
    width: 1rem;
    height: 1rem;
    margin: 0;
    accent-color: var(--accent);
  }
  .preset input:focus-visible {
    outline: none;
  }
  .own {
    margin-top: 0.4rem;
  }
  .field {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(9.5rem, 11rem);
    align-items: start;
    column-gap: 1rem;
    padding: 0.8rem 0;
    border-bottom: 1px solid var(--line);
  }
  fieldset + .field {
    margin-top: 0.6rem;
  }
  .field .entry {
    grid-row: 1 / span 2;
    grid-column: 2;
    position: relative;
  }
  .field input {
    padding-right: 4.2rem;
    background: var(--paper);
    font-variant-numeric: tabular-nums;
  }
  .field input[aria-invalid='true'] {
    border-color: var(--danger);
  }
  .entry button {
    position: absolute;
    top: 0.25rem;
    right: 0.25rem;
  }
  .problem {
    grid-column: 1 / -1;
    margin: 0.4rem 0 0;
    color: var(--danger);
    font-size: 0.875rem;
    text-align: right;
  }
  details {
    margin-top: 0.8rem;
  }
  summary {
    width: fit-content;
    padding: 0.2rem 0;
    cursor: pointer;
  }
  details .field:last-of-type {
    border-bottom: 0;
  }
  .end {
    display: flex;
    justify-content: space-between;
    gap: 0.5rem;
    margin-top: 1.1rem;
  }
  @media (max-width: 30rem) {
    .field {
      grid-template-columns: minmax(0, 1fr);
    }
    .field .entry {
      grid-row: auto;
      grid-column: 1;
      margin-top: 0.5rem;
    }
    .problem {
      text-align: left;
    }
  }
`;
