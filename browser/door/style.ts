// How `<portero-door>` looks: the camera large, below it (upright) or beside it (wide) who is there and what can be done. In
// a page of one's own it takes its colours from around it; a page may set --portero-accent.
export const style = `
:host {
  display: block;
  container-type: inline-size;
  color-scheme: inherit;
  font: 17px/1.45 system-ui, sans-serif;
  --accent: var(--portero-accent, light-dark(#1f7a68, #57b59f));
  --on-accent: light-dark(#fff, #06231d);
  --surface: color-mix(in srgb, currentColor 10%, transparent);
  --quiet: color-mix(in srgb, currentColor 68%, transparent);
  --ring: light-dark(#b96a00, #f3b33d);
  --bad: light-dark(#b3261e, #ff8a80);
  --answer: light-dark(#1c8a2b, #4cc95a);
  --on-answer: light-dark(#fff, #04210a);
  --hang-up: light-dark(#b3261e, #e5534b);
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.frame { display: grid; grid-template-rows: minmax(0, auto) 1fr; gap: 16px; }
/* Safari would align the stage by the height that it had before its picture was known. */
.place { align-self: start; display: grid; }
.stage { position: relative; border-radius: 18px; box-shadow: 0 2px 18px #0003; }
::slotted(portero-camera) { width: 100%; border-radius: 18px; }
.visitor {
  position: absolute; inset: 0; width: 100%; height: 100%; border-radius: 18px; background: #000; object-fit: contain;
  opacity: 0; pointer-events: none;
}
.visitor.seen { opacity: 1; }
/* Within it: a dashboard cuts off what stands out. */
.frame[data-call="ringing"] .stage::after {
  content: ""; position: absolute; inset: 0; border-radius: inherit; pointer-events: none;
  box-shadow: inset 0 0 0 5px var(--ring); animation: ring 1.4s ease-in-out infinite;
}
@keyframes ring { 50% { box-shadow: inset 0 0 0 10px color-mix(in srgb, var(--ring) 60%, transparent); } }
.panel { display: flex; flex-direction: column; padding: 4px 6px 0; min-width: 0; }
h1 { margin: 0; font-size: 1.65rem; line-height: 1.2; letter-spacing: -.01em; }
p { margin: 0; }
.now { margin-top: 6px; color: var(--quiet); font-size: 1.15rem; }
.frame[data-call="ringing"] .now { color: var(--ring); font-weight: 600; }
.since { margin-top: 2px; min-height: 1.45em; color: var(--quiet); font-variant-numeric: tabular-nums; }
.result { margin-top: 12px; padding: 12px 16px; border-radius: 14px; background: color-mix(in srgb, var(--accent) 18%, transparent); }
.result.bad { background: color-mix(in srgb, var(--bad) 18%, transparent); }
.notice { margin-top: 12px; color: var(--quiet); font-size: .95rem; text-wrap: pretty; }
.actions, .opens { display: grid; gap: 12px; }
.actions { margin-top: auto; padding-top: 18px; }
.answering { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 12px; }
button {
  position: relative; overflow: hidden; min-height: 64px; padding: 0 22px; border: 0; border-radius: 18px;
  background: var(--surface); color: inherit; font: inherit; font-weight: 600; cursor: pointer; touch-action: manipulation;
  user-select: none; -webkit-user-select: none; -webkit-touch-callout: none; -webkit-tap-highlight-color: transparent;
}
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
button:disabled { opacity: .5; cursor: default; }
.answering button {
  display: flex; align-items: center; justify-content: center; gap: 10px; min-height: 76px; padding: 0 10px; font-size: 1.15rem;
}
.answer { background: var(--answer); color: var(--on-answer); }
.decline { background: var(--hang-up); color: #fff; }
.mute[aria-pressed="true"] { background: var(--ring); color: light-dark(#fff, #2a1a00); }
svg { flex: none; width: 26px; height: 26px; fill: currentColor; }
.quiet {
  min-height: 44px; padding: 0; background: none; color: var(--accent); font-weight: 500; text-align: start;
  text-decoration: underline; text-underline-offset: 3px; border-radius: 8px;
}
.open { display: flex; align-items: center; justify-content: center; gap: 10px; min-height: 76px; background: var(--accent); color: var(--on-accent); font-size: 1.15rem; }
.open .text, .open svg { position: relative; }
.open .fill { position: absolute; inset: 0; background: light-dark(#0004, #0003); transform: scaleX(0); transform-origin: left; }
.open.held .fill { transform: none; transition: transform var(--hold, 900ms) linear; }
@container (min-width: 720px) {
  .frame { grid-template: auto / minmax(0, 1fr) minmax(270px, 32%); gap: 26px; }
}
:host([page]) .frame {
  min-height: 100dvh;
  padding: max(12px, env(safe-area-inset-top)) max(12px, env(safe-area-inset-right))
    max(16px, env(safe-area-inset-bottom)) max(12px, env(safe-area-inset-left));
}
:host([page]) ::slotted(portero-camera) { max-height: 68dvh; }
@media (min-width: 820px) and (orientation: landscape) {
  :host([page]) .frame { grid-template: minmax(0, 1fr) / minmax(0, 1fr) minmax(270px, 27vw); height: 100dvh; padding: 22px; }
  :host([page]) .place { align-self: stretch; align-content: center; }
  :host([page]) ::slotted(portero-camera) { max-height: calc(100dvh - 44px); }
  :host([page]) .panel { padding: 10px 2px 2px; }
}
@media (orientation: portrait) {
  :host([page]) .frame { grid-template: minmax(0, auto) 1fr / minmax(0, 1fr); gap: 16px; }
}
@media (prefers-reduced-motion: reduce) {
  .frame[data-call="ringing"] .stage::after { animation: none; }
}
`;
