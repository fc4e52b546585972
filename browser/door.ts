// The page of a door, <Node-RED's root>/portero/door/<short name>/: who is there, and what can be done about it. The camera
// is the element of camera.ts.
import { holdButton } from "./door/hold.ts";
import { minutes, sentenceOf, type DoorNow, type Relay } from "./door/state.ts";
import { words } from "./words.ts";

const element = (id: string) => document.getElementById(id) as HTMLElement;
const [name, status, since, result] = [element("name"), element("now"), element("since"), element("result")];
const [stop, opens] = [element("stop") as HTMLButtonElement, element("opens")];

const retryMs = 3_000;
const resultMs = 8_000;

let known: DoorNow | undefined;
let began = 0;
let isOpening = false;
let isLost = false;
let clearing: ReturnType<typeof setTimeout> | undefined;
let awake: WakeLockSentinel | undefined;

function show(now: DoorNow): void {
  const isNew = JSON.stringify(now.opening) !== JSON.stringify(known?.opening);
  known = now;
  began = performance.now() - (now.visit?.seconds ?? 0) * 1000;
  document.body.dataset["call"] = now.call;
  name.textContent = now.name;
  say(sentenceOf(now));
  document.title = now.call === "ringing" ? `${words.bell} ${sentenceOf(now)}` : now.name;
  stop.hidden = !now.mayOpen || now.call === "idle";
  stop.textContent = now.call === "ringing" ? words.stopRinging : words.endCall;
  offer(now.mayOpen ? (now.relays ?? [{}]) : []);
  isLost = false;
  enable();
  if (isNew && now.opening) tell(now.opening);
  tick();
  void stayAwake(now.call !== "idle");
}

/** The buttons that open. */
function offer(relays: readonly Relay[]): void {
  const wanted = JSON.stringify(relays);
  if (opens.dataset["relays"] === wanted) return;
  opens.dataset["relays"] = wanted;
  opens.replaceChildren(...relays.map(openButton));
}

function openButton({ id, name }: Relay): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "open";
  button.innerHTML = '<span class="fill"></span><span class="text"></span>';
  const label = button.lastElementChild as HTMLElement;
  const usual = (label.textContent = name === undefined ? words.holdToOpen : words.holdToOpenThe(name));
  const open = async () => {
    label.textContent = words.opening;
    await openDoor(id);
    label.textContent = usual;
  };
  holdButton(button, {
    held: () => void open(),
    early: () => tell({ ok: false, reason: words.keepHolding }),
    sure: () => confirm(words.sure),
  });
  return button;
}

function enable(): void {
  stop.disabled = isLost;
  for (const button of opens.querySelectorAll("button")) button.disabled = isLost || isOpening;
}

function say(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

function tick(): void {
  since.textContent = known?.visit ? minutes((performance.now() - began) / 1000) : "";
}

function tell({ ok, reason }: { ok: boolean; reason: string }): void {
  result.textContent = ok ? words.opened : words.notOpened(reason);
  result.classList.toggle("bad", !ok);
  result.hidden = false;
  clearTimeout(clearing);
  clearing = setTimeout(() => (result.hidden = true), resultMs);
}

async function ask(does: string): Promise<{ ok: boolean; reason: string }> {
  try {
    const answer = await fetch(does, { method: "POST" });
    const { ok, reason } = (await answer.json()) as { ok?: boolean; reason?: string };
    return { ok: ok === true, reason: reason ?? words.status(answer.status) };
  } catch {
    return { ok: false, reason: words.unreachable };
  }
}

async function openDoor(relay: string | undefined): Promise<void> {
  isOpening = true;
  enable();
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- iPhones have none
  navigator.vibrate?.(40);
  tell(await ask(relay === undefined ? "open" : `open?relay=${encodeURIComponent(relay)}`));
  isOpening = false;
  enable();
}

/** A tablet on the wall keeps its light on while somebody is there; browsers allow that on https and localhost. */
async function stayAwake(wanted: boolean): Promise<void> {
  if (!("wakeLock" in navigator) || document.hidden) return;
  if (!wanted) {
    await awake?.release();
    awake = undefined;
  } else if (awake?.released !== false) awake = await navigator.wakeLock.request("screen").catch(() => undefined);
}

function follow(): void {
  const events = new EventSource("events");
  events.onmessage = ({ data }: MessageEvent<string>) => show(JSON.parse(data) as DoorNow);
  events.onerror = () => {
    say(`${words.unreachable} ${words.tryingAgain}`);
    document.body.dataset["call"] = "idle";
    since.textContent = "";
    isLost = true;
    enable();
    // A refusal ends it for good; a lost connection comes back by itself.
    if (events.readyState !== EventSource.CLOSED) return;
    setTimeout(follow, retryMs);
  };
}

const door = decodeURIComponent(location.pathname.split("/").at(-2) ?? "");
document.querySelector("portero-camera")?.setAttribute("door", door);
name.textContent = door;
stop.onclick = () => void ask("stop").then((said) => said.ok || tell(said));
setInterval(tick, 1000);
follow();
