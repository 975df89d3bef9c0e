import { css } from 'lit';

/** Colours, sizes and fonts: each can be set from outside by the custom property that begins with `--forgelight-`. */
export const themeStyles = css`
  :host {
    --paper: var(--forgelight-background, light-dark(#faf8f5, #171513));
    --surface: var(--forgelight-surface, light-dark(#ffffff, #211e1b));
    --sunken: var(--forgelight-sunken, light-dark(#f1ede7, #2a2622));
    --line: var(--forgelight-line, light-dark(#e2dcd3, #3a342e));
    --line-strong: var(--forgelight-line-strong, light-dark(#8c8377, #837a6e));
    --ink: var(--forgelight-text, light-dark(#211e1a, #ece6de));
    --ink-soft: var(--forgelight-text-soft, light-dark(#645c52, #aca397));
    --accent: var(--forgelight-accent, light-dark(#b2440c, #ffa066));
    --accent-hover: var(--forgelight-accent-hover, light-dark(#953807, #ffb588));
    --on-accent: var(--forgelight-on-accent, light-dark(#ffffff, #2b1304));
    --accent-wash: var(--forgelight-accent-wash, light-dark(#fbeee5, #33241a));
    --danger: var(--forgelight-danger, light-dark(#a3241b, #ff9a8f));
    --danger-wash: var(--forgelight-danger-wash, light-dark(#fcedeb, #351f1c));
    --shadow: 0 1px 2px light-dark(#3a2a1a14, #0004);
    --font: var(--forgelight-font, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif);
    --font-code: var(--forgelight-font-code, ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace);
    --radius: var(--forgelight-radius, 14px);
    --radius-small: calc(var(--radius) * 0.64);
    --column: 46rem;
    --gutter: clamp(0.8rem, 3cqi, 1.6rem);
  }
  :host([theme='light']) {
    color-scheme: light;
  }
  :host([theme='dark']) {
    color-scheme: dark;
  }
`;

export const chatStyles = css`
  :host {
    container-type: inline-size;
    block-size: 34rem;
    min-block-size: 16rem;
    overflow: hidden;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--paper);
    color: var(--ink);
    font: 16px/1.6 var(--font);
    text-align: start;
  }
  :host([hidden]) {
    display: none;
  }
  .frame {
    display: grid;
    grid-template-rows: minmax(0, 1fr) auto;
    position: relative;
    block-size: 100%;
  }
  .below {
    width: 100%;
    max-width: calc(var(--column) + 2 * var(--gutter));
    margin: 0 auto;
    padding: 0 var(--gutter) 0.7rem;
  }
  .middle {
    margin: auto 0;
  }
  .poster,
  .empty {
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 0.7rem;
    text-align: center;
  }
  h2 {
    margin: 0;
    font-size: 1.25rem;
    line-height: 1.35;
    text-wrap: balance;
  }
  p {
    margin: 0;
  }
  .soft {
    color: var(--ink-soft);
    font-size: 0.9375rem;
  }
  .model {
    font-weight: 500;
    overflow-wrap: anywhere;
  }
  .notice {
    margin: 0 0 0.6rem;
    padding: 0.6rem 0.9rem;
    border-radius: var(--radius-small);
    background: var(--danger-wash);
    font-size: 0.9375rem;
  }
  @media (forced-colors: active) {
    .notice {
      border: 1px solid CanvasText;
    }
  }
`;
