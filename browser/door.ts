// The page of a door, <Node-RED's root>/portero/door/<short name>/: who is there, and what can be done about it. The camera
// is the element of camera.ts.
import { holdButton } from "./door/hold.ts";
import { minutes, sentenceOf, type DoorNow } from "./door/state.ts";
import { words } from "./words.ts";

const element = (id: string) => document.getElementById(id) as HTMLElement;
const [name, status, since, result] = [element("name"), element("now"), element("since"), element("result")];
const [stop, open] = [element("stop") as HTMLButtonElement, element("open") as HTMLButtonElement];
const openText = open.querySelector(".text") as HTMLElement;

const retryMs = 3_000;
const resultMs = 8_000;

let known: DoorNow | undefined;
let began = 0;
let isOpening = false;
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
  open.hidden = !now.mayOpen;
  stop.disabled = false;
  open.disabled = isOpening;
  if (isNew && now.opening) tell(now.opening);
  tick();
  void stayAwake(now.call !== "idle");
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

async function ask(does: "open" | "stop"): Promise<{ ok: boolean; reason: string }> {
  try {
    const answer = await fetch(does, { method: "POST" });
    const { ok, reason } = (await answer.json()) as { ok?: boolean; reason?: string };
    return { ok: ok === true, reason: reason ?? words.status(answer.status) };
  } catch {
    return { ok: false, reason: words.unreachable };
  }
}

async function openDoor(): Promise<void> {
  isOpening = open.disabled = true;
  openText.textContent = words.opening;
  navigator.vibrate?.(40); // eslint-disable-line @typescript-eslint/no-unnecessary-condition -- iPhones have none
  tell(await ask("open"));
  isOpening = open.disabled = false;
  openText.textContent = words.holdToOpen;
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
    open.disabled = stop.disabled = true;
    // A refusal ends it for good; a lost connection comes back by itself.
    if (events.readyState !== EventSource.CLOSED) return;
    setTimeout(follow, retryMs);
  };
}

const door = decodeURIComponent(location.pathname.split("/").at(-2) ?? "");
document.querySelector("portero-camera")?.setAttribute("door", door);
name.textContent = door;
openText.textContent = words.holdToOpen;
holdButton(open, {
  held: () => void openDoor(),
  early: () => tell({ ok: false, reason: words.keepHolding }),
  sure: () => confirm(words.sure),
});
stop.onclick = () => void ask("stop").then((said) => said.ok || tell(said));
setInterval(tick, 1000);
follow();
