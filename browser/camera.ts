// `<portero-camera door="frontdoor">`: the camera of a door in any page that Node-RED serves or that may reach it.
//
//   door       the door's short name
//   kind       webcodecs, mse, mjpeg, jsmpeg or still, instead of the best that this browser can
//   poster     an address of a picture to show before the first one; "none" for none; by default the door's last picture
//   controls   shows the bar with pause, full screen, and sound where there is any
//
// The attributes `state` (connecting, playing, trouble, paused) and `way` say what it does; an event `state` follows each
// change, with `{ state, way, reason }` in its detail. It looks only while it is seen: not in a hidden tab, not scrolled away.
import { here } from "./here.ts";
import { Session, type View, type Way } from "./session.ts";
import { kinds, type Player } from "./players/player.ts";
import { Speaker } from "./speaker.ts";
import { style } from "./style.ts";
import { words } from "./words.ts";

export type State = "connecting" | "playing" | "trouble" | "paused";

const isWay = (name: string | null): name is Way => name === "still" || kinds.some((kind) => kind === name);
// The script lies beside the doors: <Node-RED's root>/portero/camera.js.
const place = here("camera.js");

const icons = {
  pause: "M6 4h4v16H6zM14 4h4v16h-4z",
  play: "M7 4l13 8-13 8z",
  full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  leave: "M8 4h2v6H4V8h4zM14 4h2v4h4v2h-6zM4 14h6v6H8v-4H4zM14 14h6v2h-4v4h-2z",
  mute: "M4 9v6h4l5 5V4L8 9zM16 8v8a5 5 0 000-8z",
  unmute: "M4 9v6h4l5 5V4L8 9zM15 9l1.4-1.4 2.1 2 2-2L22 9l-2 2 2 2-1.4 1.5-2.1-2.1-2.1 2.1L15 13l2-2z",
} as const;

const html = `
<style>${style}</style>
<img class="poster" alt="" part="picture" hidden>
<div class="picture" part="picture"></div>
<div class="spinner"></div>
<button type="button" class="tap" hidden>${words.tap}</button>
<div class="message" part="message" role="status" aria-live="polite" hidden></div>
<div class="bar" part="bar" hidden>
  <span class="label"></span>
  <button type="button" class="sound" hidden></button>
  <button type="button" class="stop"></button>
  <button type="button" class="full"></button>
</div>`;

export class PorteroCamera extends HTMLElement implements View {
  static readonly observedAttributes = ["door", "kind", "poster", "controls"];
  /** Pictures that were shown since the page was opened. */
  frames = 0;
  readonly speaker = new Speaker(() => this.#draw());
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #seer = new IntersectionObserver((seen) => {
    this.#seen = seen.at(-1)?.isIntersecting ?? false;
    this.#look();
  });
  #seen = false;
  #pausedByUser = false;
  #session: AbortController | undefined;
  #player: Player | undefined;
  #posterUrl = "";
  readonly #onVisible = () => this.#look();
  readonly #onFull = () => this.#draw();

  constructor() {
    super();
    this.#root.innerHTML = html;
    this.#part("stop").onclick = () => this.toggle();
    this.#part("full").onclick = () => void this.#fullScreen();
    this.#part("sound").onclick = () => this.speaker.toggle();
    this.#part("tap").onclick = () => {
      this.#part("tap").hidden = true;
      if (this.#player?.surface instanceof HTMLVideoElement) this.#player.surface.play().catch(() => {});
    };
    this.addEventListener("keydown", (event) => this.#key(event));
  }

  connectedCallback(): void {
    if (!this.hasAttribute("role")) this.setAttribute("role", "group");
    this.#seer.observe(this);
    for (const name of ["visibilitychange", "freeze", "resume"]) document.addEventListener(name, this.#onVisible);
    for (const name of ["pageshow", "pagehide"]) addEventListener(name, this.#onVisible);
    document.addEventListener("fullscreenchange", this.#onFull);
    this.#draw();
  }

  disconnectedCallback(): void {
    this.#seer.disconnect();
    this.#seen = false;
    for (const name of ["visibilitychange", "freeze", "resume"]) document.removeEventListener(name, this.#onVisible);
    for (const name of ["pageshow", "pagehide"]) removeEventListener(name, this.#onVisible);
    document.removeEventListener("fullscreenchange", this.#onFull);
    this.#stop();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === "door" || name === "kind" || name === "poster") {
      this.#stop();
      if (name === "door") this.#clear();
      this.#look();
    }
    this.#draw();
  }

  /** The way the pictures come. */
  get way(): string {
    return this.getAttribute("way") ?? "";
  }

  get state(): State {
    return (this.getAttribute("state") ?? "connecting") as State;
  }

  /** Pauses, or goes on. */
  toggle(): void {
    this.#pausedByUser = !this.#pausedByUser;
    this.#look();
  }

  // What the session tells.

  player(player: Player, way: Way): void {
    this.#player = player;
    const { surface } = player;
    surface.setAttribute("role", "img");
    surface.setAttribute("aria-label", words.camera(this.#door));
    // What was shown before stays on top until there is a new picture; what never showed anything goes.
    const place = this.#part("picture");
    place.replaceChildren(surface, ...[...place.children].slice(-1));
    this.setAttribute("way", way);
    this.#draw();
  }

  shown(takenAt?: number): void {
    this.frames += 1;
    const surface = this.#player?.surface;
    while (surface?.nextSibling) surface.nextSibling.remove();
    this.#part("poster").hidden = true;
    const [width, height] =
      surface instanceof HTMLVideoElement
        ? [surface.videoWidth, surface.videoHeight]
        : [surface?.width, surface?.height];
    if (width && height) this.style.setProperty("--portero-ratio", `${width} / ${height}`);
    this.#label(takenAt === undefined ? words.live : words.pictureOf(new Date(takenAt).toLocaleTimeString()));
    // Why there are only single pictures goes on being said.
    if (this.way !== "still" || this.state !== "trouble") this.#say("playing");
    else this.#part("spinner").hidden = true;
  }

  trouble(reason: string): void {
    this.#say("trouble", reason);
  }

  touch(): void {
    this.#part("tap").hidden = false;
    this.#part("spinner").hidden = true;
  }

  get #door(): string {
    return this.getAttribute("door")?.trim() ?? "";
  }

  /** Begins to look or ends, as it has to be. */
  #look(): void {
    const seen = this.isConnected && this.#seen && document.visibilityState === "visible";
    if (seen && this.#door === "") return this.#say("trouble", words.noDoor);
    if (!seen || this.#pausedByUser) {
      this.#stop();
      this.#say("paused");
      return;
    }
    if (this.#session) return;
    this.#session = new AbortController();
    this.#say("connecting");
    const forced = this.getAttribute("kind");
    const { signal } = this.#session;
    const base = new URL(`door/${encodeURIComponent(this.#door)}/`, place);
    const session = new Session(base, isWay(forced) ? forced : undefined, this, signal);
    void session.run();
    if (this.frames === 0) void this.#poster(session);
  }

  #stop(): void {
    this.#session?.abort();
    this.#session = undefined;
  }

  #clear(): void {
    this.frames = 0;
    this.#part("picture").replaceChildren();
    this.#part("poster").hidden = true;
  }

  async #poster(session: Session): Promise<void> {
    const given = this.getAttribute("poster");
    if (given === "none") return;
    const image = this.#part("poster") as HTMLImageElement;
    // Its sentence is the session's to tell.
    const own = given ? undefined : await session.picture().catch(() => undefined);
    if (this.frames > 0 || (!given && !own)) return;
    URL.revokeObjectURL(this.#posterUrl);
    image.src = this.#posterUrl = own ? URL.createObjectURL(own.picture) : (given ?? "");
    image.hidden = false;
  }

  #say(state: State, reason = ""): void {
    const message = this.#part("message");
    const isNews = this.getAttribute("state") !== state || message.textContent !== reason;
    if (!isNews) return;
    this.setAttribute("state", state);
    message.textContent = reason;
    message.hidden = reason === "";
    this.#part("spinner").hidden = state !== "connecting";
    if (state === "connecting") this.#label(words.connecting);
    if (state === "paused") this.#label(words.paused);
    this.#draw();
    this.dispatchEvent(new CustomEvent("state", { detail: { state, way: this.way, reason } }));
  }

  #draw(): void {
    const controls = this.hasAttribute("controls");
    this.#part("bar").hidden = !controls;
    if (controls) this.tabIndex = 0;
    else this.removeAttribute("tabindex");
    this.setAttribute("aria-label", words.camera(this.#door));
    this.#button("stop", this.#pausedByUser ? "play" : "pause", this.#pausedByUser ? words.play : words.pause);
    const isFull = document.fullscreenElement === this;
    this.#button("full", isFull ? "leave" : "full", isFull ? words.leaveFull : words.full);
    const video = this.#player?.surface instanceof HTMLVideoElement ? this.#player.surface : undefined;
    this.#part("full").hidden = !("requestFullscreen" in this) && !(video && "webkitEnterFullscreen" in video);
    const { isOn, isThere } = this.speaker;
    this.#button("sound", isOn ? "mute" : "unmute", isOn ? words.mute : words.unmute);
    this.#part("sound").hidden = !isThere;
  }

  #button(name: string, icon: keyof typeof icons, label: string): void {
    const button = this.#part(name);
    if (button.title === label) return;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icons[icon]}"/></svg>`;
  }

  #label(text: string): void {
    const label = this.#part("label");
    if (label.textContent !== text) label.textContent = text;
  }

  #key(event: KeyboardEvent): void {
    if (!this.hasAttribute("controls") || event.target !== this || event.ctrlKey || event.altKey || event.metaKey)
      return;
    const does: Partial<Record<string, () => void>> = {
      " ": () => this.toggle(),
      k: () => this.toggle(),
      f: () => void this.#fullScreen(),
      m: () => this.speaker.toggle(),
    };
    const act = does[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  async #fullScreen(): Promise<void> {
    const video = this.#player?.surface as { webkitEnterFullscreen?: () => void } | undefined;
    if (document.fullscreenElement === this) await document.exitFullscreen().catch(() => {});
    else if ("requestFullscreen" in this) await this.requestFullscreen().catch(() => {});
    else video?.webkitEnterFullscreen?.(); // iPhones show only a <video> on the full screen.
  }

  #part(name: string): HTMLElement {
    return this.#root.querySelector(`.${name}`) as HTMLElement;
  }
}

// A dashboard may load the script twice.
if (!customElements.get("portero-camera")) customElements.define("portero-camera", PorteroCamera);
