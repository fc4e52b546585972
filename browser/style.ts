// How `<portero-camera>` looks. A page may set --portero-accent, and ::part(picture), ::part(bar), ::part(message).
export const style = `
:host {
  display: block;
  position: relative;
  overflow: hidden;
  isolation: isolate;
  min-width: 120px;
  aspect-ratio: var(--portero-ratio, 16 / 9);
  border-radius: 10px;
  background: light-dark(#dfe5e2, #141a18);
  color: light-dark(#1c2522, #e9efec);
  color-scheme: inherit;
  font: 14px/1.4 system-ui, sans-serif;
  container-type: inline-size;
}
:host([hidden]) { display: none !important; }
:host([state="playing"]) { background: #0b100e; }
:host(:fullscreen) { border-radius: 0; background: #000; }
:host(:focus-visible) { outline: 3px solid var(--portero-accent, #2f8f7b); outline-offset: 2px; }
.picture { border-radius: inherit; }
.poster, .picture > * { border-radius: inherit; position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
[hidden] { display: none !important; }
:host([state="trouble"]) .picture > *, :host([state="paused"]) .picture > *, :host([state="connecting"]) .picture > * {
  opacity: .55;
}
.spinner {
  position: absolute; inset: 0; margin: auto; width: 38px; height: 38px; border-radius: 50%;
  border: 4px solid light-dark(#0002, #fff3); border-top-color: var(--portero-accent, #2f8f7b);
  animation: turn 1s linear infinite;
}
@keyframes turn { to { rotate: 1turn; } }
.message {
  position: absolute; left: 12px; right: 12px; top: 12px; margin: auto; width: fit-content; max-width: 46ch;
  padding: 8px 14px; border-radius: 10px; text-align: center; text-wrap: balance;
  background: light-dark(#fffe, #0d1211e6); box-shadow: 0 1px 8px #0004;
}
.tap {
  position: absolute; inset: 0; margin: auto; width: fit-content; height: fit-content; padding: 12px 22px; border: 0;
  border-radius: 999px; background: var(--portero-accent, #2f8f7b); color: #fff; font: inherit; cursor: pointer;
}
.bar {
  position: absolute; left: 0; right: 0; bottom: 0; display: flex; align-items: center; gap: 4px; padding: 18px 8px 6px 12px;
  color: #fff; background: linear-gradient(transparent, #000a); transition: opacity .25s;
}
.label { display: flex; align-items: center; gap: 7px; margin-right: auto; font-size: 13px; text-shadow: 0 0 4px #000; }
.label::before { content: ""; width: 9px; height: 9px; border-radius: 50%; background: #9aa5a1; }
:host([state="playing"]) .label::before { background: #ff5148; }
:host([state="playing"][way="still"]) .label::before { background: #e8b23a; }
.bar button {
  display: grid; place-items: center; width: 40px; height: 40px; padding: 0; border: 0; border-radius: 8px;
  background: none; color: inherit; cursor: pointer;
}
.bar button:hover { background: #fff3; }
.bar button:focus-visible { outline: 2px solid #fff; outline-offset: -2px; }
svg { width: 22px; height: 22px; fill: currentColor; }
@media (hover: hover) {
  .bar { opacity: 0; }
  :host(:hover) .bar, :host(:focus-within) .bar, :host(:focus) .bar, :host(:not([state="playing"])) .bar { opacity: 1; }
}
@container (max-width: 260px) { .label { font-size: 0; } .message { font-size: 12px; padding: 5px 8px; } }
@media (prefers-reduced-motion: reduce) { .spinner { animation: none; border-style: dotted; } .bar { transition: none; } }
`;
