import { css } from 'lit';

/** Lists of models with their buttons. */
export const rowStyles = css`
  ul.rows {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .rows > li {
    padding: 0.7rem 0;
    border-top: 1px solid var(--line);
  }
  .rows > li:first-child {
    border-top: 0;
  }
  .name {
    margin: 0;
    font-weight: 500;
    overflow-wrap: anywhere;
  }
  p {
    margin: 0.2rem 0 0;
    color: var(--ink-soft);
    font-size: 0.875rem;
    overflow-wrap: anywhere;
  }
  p.name {
    color: var(--ink);
    font-size: 0.9375rem;
  }
  p.problem {
    color: var(--danger);
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.4rem;
    margin-top: 0.5rem;
  }
  .actions p {
    flex: 1 0 100%;
    margin: 0;
    color: var(--ink);
  }
  .list:focus {
    outline: none;
  }
`;
