import { css } from "../vendor/lit.js";

/** What every card shares: the theme of Home Assistant, touch targets of 48 px, no hover. */
export const shared = css`
  :host {
    display: block;
    --vf-ok: var(--success-color, #43a047);
    --vf-warning: var(--warning-color, #ffa600);
    --vf-critical: var(--error-color, #db4437);
    --vf-idle: var(--disabled-text-color, #bdbdbd);
    --vf-lamp: #f5b82e;
    --vf-line: var(--divider-color, rgba(0, 0, 0, 0.12));
    --vf-muted: var(--secondary-text-color, #727272);
    --vf-text: var(--primary-text-color, #212121);
    --vf-surface: var(--ha-card-background, var(--card-background-color, #fff));
    --vf-inset: color-mix(in srgb, var(--vf-text) 6%, var(--vf-surface));
    color: var(--vf-text);
    font-size: 14px;
    line-height: 1.35;
    -webkit-tap-highlight-color: transparent;
  }
  * {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  ul {
    margin: 0;
    padding: 0;
    font-weight: inherit;
  }
  ul {
    list-style: none;
  }
  h2 {
    font-size: 18px;
    font-weight: 500;
  }
  h3 {
    font-size: 14px;
    font-weight: 500;
  }
  .icon {
    width: 20px;
    height: 20px;
    flex: none;
    fill: currentColor;
  }
  .icon.small {
    width: 16px;
    height: 16px;
  }
  .icon.ok {
    color: var(--vf-ok);
  }
  .icon.warning {
    color: var(--vf-warning);
  }
  .icon.critical {
    color: var(--vf-critical);
  }
  .icon.idle {
    color: var(--vf-muted);
  }
  .icon.lamp {
    color: var(--vf-lamp);
  }
  .muted {
    color: var(--vf-muted);
  }
  .card {
    background: var(--vf-surface);
    border: 1px solid var(--ha-card-border-color, var(--vf-line));
    border-radius: 12px;
    padding: 12px;
  }
  .row {
    display: flex;
    align-items: center;
    gap: 8px;
  }
  .spread {
    justify-content: space-between;
  }
  .wrap {
    flex-wrap: wrap;
  }
  .grow {
    flex: 1;
    min-width: 0;
  }
  .stack {
    display: grid;
    gap: 12px;
    grid-template-columns: minmax(0, 1fr);
  }
  .clip {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 0;
    padding: 0;
    text-align: start;
    cursor: pointer;
    touch-action: manipulation;
  }
  button:focus-visible,
  a:focus-visible {
    outline: 3px solid var(--primary-color, #03a9f4);
    outline-offset: 2px;
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 48px;
    padding: 8px 16px;
    border-radius: 12px;
    border: 2px solid var(--vf-line);
    background: var(--vf-surface);
    color: var(--vf-text);
    font-weight: 500;
    text-decoration: none;
  }
  .button.danger {
    border-color: var(--vf-critical);
  }
  .button.danger .icon {
    color: var(--vf-critical);
  }
  .button.filled {
    background: var(--vf-critical);
    border-color: var(--vf-critical);
    color: #fff;
  }
  .button.filled .icon {
    color: #fff;
  }
  .button.primary {
    background: var(--primary-color, #03a9f4);
    border-color: var(--primary-color, #03a9f4);
    color: var(--text-primary-color, #fff);
  }
  .bar {
    height: 8px;
    border-radius: 4px;
    background: var(--vf-line);
    overflow: hidden;
  }
  .bar > span {
    display: block;
    height: 100%;
    border-radius: 4px;
    background: var(--primary-color, #03a9f4);
  }
  .bar.light > span {
    background: var(--vf-lamp);
  }
  .bar.growth > span {
    background: var(--vf-ok);
  }
  .tag {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 28px;
    padding: 2px 10px;
    border-radius: 14px;
    background: var(--vf-inset);
  }
  .banner {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    gap: 4px 10px;
    padding: 12px;
    border-radius: 12px;
    background: var(--vf-surface);
    border: 2px solid var(--vf-warning);
  }
  .banner > .icon {
    grid-row: 1;
    width: 24px;
    height: 24px;
  }
  .banner > :not(.icon) {
    grid-column: 2;
  }
  .banner.critical {
    border-color: var(--vf-critical);
  }
`;
