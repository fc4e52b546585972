// `<portero-door door="frontdoor">`: a door in any page that Node-RED serves: its camera, who is there, and what can be done
// about it: answer, open, end. The page of a door, <Node-RED's root>/portero/door/<short name>/, is this element alone.
//
//   door   the door's short name; without it, the one in the page's address
//   page   it is the whole page, and has its title
//
// A <portero-camera> inside of it is shown in the place of the usual one. An event `call` follows each change, with
// `{ call, phone }` in its detail: what goes on at the door, and what this page does about it.
import type { PorteroCamera } from "./camera.ts";
import { Answering } from "./door/answering.ts";
import { icon } from "./door/icons.ts";
import { holdButton } from "./door/hold.ts";
import { minutes, sentenceOf, type DoorNow, type Relay } from "./door/state.ts";
import { style } from "./door/style.ts";
import { here } from "./here.ts";
import { words } from "./words.ts";

// The scripts lie beside the doors: <Node-RED's root>/portero/door.js.
const place = here("door.js");
const retryMs = 3_000;
const resultMs = 8_000;

const html = `
<style>${style}</style>
<div class="frame" data-call="idle">
  <div class="place"><div class="stage"><slot></slot></div></div>
  <section class="panel">
    <h1 class="name"></h1>
    <p class="now" role="status" aria-live="polite"></p>
    <p class="since" aria-hidden="true"></p>
    <p class="result" role="alert" hidden></p>
    <div class="actions">
      <button type="button" class="stop" hidden></button>
      <div class="opens"></div>
    </div>
  </section>
</div>`;

export class PorteroDoor extends HTMLElement {
  static readonly observedAttributes = ["door"];
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #answering = new Answering({
    changed: () => this.#show(),
    elsewhere: () => this.#elsewhere(),
    failed: (text) => this.#say(text, true),
  });
  #events: EventSource | undefined;
  #known: DoorNow | undefined;
  #began = 0;
  #isOpening = false;
  #isLost = false;
  #asksWho = false;
  #clearing: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #awake: WakeLockSentinel | undefined;
  #title: string | undefined;

  constructor() {
    super();
    this.#root.innerHTML = html;
    const { buttons, notice, video } = this.#answering;
    this.#part("stage").append(video);
    this.#part("result").after(notice);
    this.#part("actions").prepend(buttons);
    this.#part("stop").onclick = () => void this.#ask("stop").then((said) => said.ok || this.#result(said));
  }

  connectedCallback(): void {
    loadCamera();
    if (!this.querySelector("portero-camera")) {
      const camera = document.createElement("portero-camera");
      camera.setAttribute("controls", "");
      this.append(camera);
    }
    this.#ticking = setInterval(() => this.#tick(), 1000);
    this.#begin();
  }

  disconnectedCallback(): void {
    clearInterval(this.#ticking);
    this.#end();
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (before === now || !this.isConnected) return;
    this.#end();
    this.#begin();
  }

  /** What the page does about calls: off, away, ready, rung, answering or talking. */
  get phone(): string {
    return this.#answering.state?.is ?? "off";
  }

  get #door(): string {
    const [, inAddress = ""] = /\/portero\/door\/([^/]+)\//.exec(location.pathname) ?? [];
    return this.getAttribute("door")?.trim() || decodeURIComponent(inAddress);
  }

  get #base(): URL {
    return new URL(`door/${encodeURIComponent(this.#door)}/`, place);
  }

  #begin(): void {
    const camera = this.querySelector("portero-camera");
    if (this.#door === "") return this.#state(words.noDoor);
    if (camera && !camera.hasAttribute("door")) camera.setAttribute("door", this.#door);
    this.#part("name").textContent = this.#door;
    this.#follow();
  }

  #end(): void {
    clearTimeout(this.#retry);
    this.#events?.close();
    this.#events = this.#known = undefined;
    this.#answering.want(undefined);
    this.#titled(undefined);
    void this.#stayAwake(false);
  }

  #follow(): void {
    const events = (this.#events = new EventSource(new URL("events", this.#base)));
    events.onmessage = ({ data }: MessageEvent<string>) => this.#told(JSON.parse(data) as DoorNow);
    events.onerror = () => {
      this.#isLost = true;
      this.#state(`${words.unreachable} ${words.tryingAgain}`);
      this.#part("frame").dataset["call"] = "idle";
      this.#part("since").textContent = "";
      this.#enable();
      // A refusal ends it for good; a lost connection comes back by itself.
      if (events.readyState === EventSource.CLOSED) this.#retry = setTimeout(() => this.#follow(), retryMs);
    };
  }

  #told(now: DoorNow): void {
    const former = this.#known;
    this.#known = now;
    this.#isLost = false;
    this.#began = performance.now() - (now.visit?.seconds ?? 0) * 1000;
    this.#part("name").textContent = now.name;
    this.#offer(now.mayOpen ? (now.relays ?? [{}]) : []);
    this.#answering.want(now.answers ? this.#base : undefined);
    if (now.call === "idle" && former && former.call !== "idle") this.#answering.visitOver();
    if (this.#asksWho && now.visit?.answeredBy !== undefined) this.#elsewhere();
    if (now.call === "idle") this.#asksWho = false;
    if (now.opening && JSON.stringify(now.opening) !== JSON.stringify(former?.opening)) this.#result(now.opening);
    this.#show();
  }

  #show(): void {
    const [now, { isRung, talks, state }] = [this.#known, this.#answering];
    if (!now || this.#isLost) return;
    const rings = now.call === "ringing" || isRung;
    this.#part("frame").dataset["call"] = talks ? "talking" : rings ? "ringing" : now.call;
    const said =
      state?.is === "talking"
        ? words.youTalk(state.with === now.name ? undefined : state.with)
        : state?.is === "rung" && now.call === "idle"
          ? words.calls(state.by)
          : sentenceOf(now);
    this.#state(said);
    const stop = this.#part("stop");
    stop.hidden = !now.mayOpen || now.call === "idle" || isRung || talks;
    stop.textContent = now.call === "ringing" ? words.stopRinging : words.endCall;
    // Who talks hears the visitor by the call: not twice, and not into the microphone.
    const { speaker } = this.querySelector<PorteroCamera>("portero-camera") ?? {};
    if (talks && speaker?.isOn) speaker.toggle();
    this.#titled(rings ? `${words.bell} ${said}` : undefined);
    this.#enable();
    this.#tick();
    void this.#stayAwake(now.call !== "idle" || isRung || talks);
    this.dispatchEvent(new CustomEvent("call", { detail: { call: now.call, phone: this.phone } }));
  }

  /** The buttons that open. */
  #offer(relays: readonly Relay[]): void {
    const opens = this.#part("opens");
    const wanted = JSON.stringify(relays);
    if (opens.dataset["relays"] === wanted) return;
    opens.dataset["relays"] = wanted;
    opens.replaceChildren(...relays.map((relay) => this.#openButton(relay)));
  }

  #openButton({ id, name }: Relay): HTMLButtonElement {
    const button = document.createElement("button");
    [button.type, button.className] = ["button", "open"];
    button.innerHTML = '<span class="fill"></span><span class="text"></span>';
    button.firstElementChild?.after(icon("key"));
    const label = button.lastElementChild as HTMLElement;
    const usual = (label.textContent = name === undefined ? words.holdToOpen : words.holdToOpenThe(name));
    const open = async () => {
      label.textContent = words.opening;
      await this.#open(id);
      label.textContent = usual;
    };
    holdButton(button, {
      held: () => void open(),
      early: () => this.#result({ ok: false, reason: words.keepHolding }),
      sure: () => confirm(words.sure),
    });
    return button;
  }

  #enable(): void {
    (this.#part("stop") as HTMLButtonElement).disabled = this.#isLost;
    for (const button of this.#part("opens").querySelectorAll("button"))
      button.disabled = this.#isLost || this.#isOpening;
  }

  #state(text: string): void {
    const status = this.#part("now");
    if (status.textContent !== text) status.textContent = text;
  }

  #tick(): void {
    const seconds = (performance.now() - this.#began) / 1000;
    this.#part("since").textContent = this.#known?.visit && !this.#isLost ? minutes(seconds) : "";
  }

  /** Who it was may be known a moment later only: a phone is told first. */
  #elsewhere(): void {
    const by = this.#known?.visit?.answeredBy;
    this.#asksWho = by === undefined;
    this.#say(words.elsewhere(by), false);
  }

  #result({ ok, reason }: { ok: boolean; reason: string }): void {
    this.#say(ok ? words.opened : words.notOpened(reason), !ok);
  }

  #say(text: string, isBad: boolean): void {
    const result = this.#part("result");
    result.textContent = text;
    result.classList.toggle("bad", isBad);
    result.hidden = false;
    clearTimeout(this.#clearing);
    this.#clearing = setTimeout(() => (result.hidden = true), resultMs);
  }

  async #ask(does: string): Promise<{ ok: boolean; reason: string }> {
    try {
      const answer = await fetch(new URL(does, this.#base), { method: "POST" });
      const { ok, reason } = (await answer.json()) as { ok?: boolean; reason?: string };
      return { ok: ok === true, reason: reason ?? words.status(answer.status) };
    } catch {
      return { ok: false, reason: words.unreachable };
    }
  }

  async #open(relay: string | undefined): Promise<void> {
    this.#isOpening = true;
    this.#enable();
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- iPhones have none
    navigator.vibrate?.(40);
    this.#result(await this.#ask(relay === undefined ? "open" : `open?relay=${encodeURIComponent(relay)}`));
    this.#isOpening = false;
    this.#enable();
  }

  /** The page's title: a door's own, or while it rings that of any page. */
  #titled(ringing: string | undefined): void {
    if (this.hasAttribute("page")) {
      document.title = ringing ?? this.#known?.name ?? this.#door;
      return;
    }
    if (ringing !== undefined) {
      this.#title ??= document.title;
      document.title = ringing;
    } else if (this.#title !== undefined) {
      document.title = this.#title;
      this.#title = undefined;
    }
  }

  /** A tablet on the wall keeps its light on while somebody is there; browsers allow that on https and localhost. */
  async #stayAwake(wanted: boolean): Promise<void> {
    if (!("wakeLock" in navigator) || document.hidden) return;
    if (!wanted) {
      await this.#awake?.release();
      this.#awake = undefined;
    } else if (this.#awake?.released !== false)
      this.#awake = await navigator.wakeLock.request("screen").catch(() => undefined);
  }

  #part(name: string): HTMLElement {
    return this.#root.querySelector(`.${name}`) as HTMLElement;
  }
}

function loadCamera(): void {
  const src = new URL("camera.js", place).href;
  if (customElements.get("portero-camera") || document.querySelector(`script[src="${src}"]`)) return;
  const script = document.createElement("script");
  script.src = src;
  document.head.append(script);
}

// A dashboard may load the script twice.
if (!customElements.get("portero-door")) customElements.define("portero-door", PorteroDoor);
