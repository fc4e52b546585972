// The part of `<portero-door>` that answers: its buttons, what it says of them, and the other side's sound and video. The
// telephone itself is large, and loaded only where pages of the door answer.
import type { Phone, PhoneState, PhoneView } from "../phone.ts";
import { words } from "../words.ts";
import { Bell, mayAskToNotify, mayRing } from "./bell.ts";
import { icon } from "./icons.ts";

/** What the element does with it. */
export interface Answerer {
  /** The state has changed: what is said and offered does, too. */
  changed(): void;
  /** Somebody else has answered. */
  elsewhere(): void;
  /** A call was not, or is not any more. */
  failed(text: string): void;
}

/** Some browsers have no WebRTC, and in some it can be switched off: those ring, and do not answer. */
const canTalk = (): boolean => "RTCPeerConnection" in globalThis;

export class Answering implements PhoneView {
  readonly buttons = document.createElement("div");
  readonly notice = document.createElement("p");
  readonly video = document.createElement("video");
  state: PhoneState | undefined;
  readonly #owner: Answerer;
  readonly #audio = new Audio();
  readonly #bell = new Bell();
  #phone: Phone | undefined;
  /** The door that it answers for. */
  #door: URL | undefined;
  readonly #drawn = new Map<HTMLElement, string>();
  readonly #listeners = {
    pointerdown: () => this.#draw(),
    online: () => this.#phone?.wake(),
    focus: () => this.#phone?.wake(),
    pagehide: () => this.#hangUp(),
    // From the browser's memory of pages.
    pageshow: ({ persisted }: PageTransitionEvent) => {
      if (persisted) void this.#load();
    },
  };

  constructor(owner: Answerer) {
    this.#owner = owner;
    this.buttons.className = "answering";
    this.notice.className = "notice";
    this.video.className = "visitor";
    this.video.playsInline = this.video.autoplay = this.video.muted = true;
    this.notice.hidden = true;
    // Shown once there is a picture, not before; one that is not there at all would not be played.
    this.video.onresize = () => this.video.classList.toggle("seen", this.video.videoWidth > 0);
  }

  get isRung(): boolean {
    return this.state?.is === "rung" || this.state?.is === "answering";
  }

  get talks(): boolean {
    return this.state?.is === "talking";
  }

  /** Answers for this door from now on, or not any more. */
  want(door: URL | undefined): void {
    if (door?.href === this.#door?.href) {
      // It could not be loaded before.
      if (!this.#phone) void this.#load();
      return;
    }
    this.#hangUp();
    this.#door = door;
    const listen = door ? addEventListener : removeEventListener;
    for (const [event, does] of Object.entries(this.#listeners)) listen(event, does as EventListener);
    void this.#load();
  }

  visitOver(): void {
    this.#phone?.visitOver();
  }

  // What the phone tells.

  phone(state: PhoneState): void {
    this.state = state;
    if (state.is === "rung") this.#bell.start(words.calls(state.by));
    else this.#bell.stop();
    this.#draw();
    this.#owner.changed();
  }

  heard(stream: MediaStream | undefined): void {
    this.#audio.srcObject = stream ?? null;
    this.seen(stream);
    // The user has pressed a button for it.
    if (stream) void this.#audio.play().catch(() => {});
  }

  seen(stream: MediaStream | undefined): void {
    const film = stream && stream.getVideoTracks().length > 0 ? stream : null;
    if (this.video.srcObject !== film) this.video.srcObject = film;
    if (film) this.video.play().catch(() => {});
    else this.video.classList.remove("seen");
  }

  over(how: "elsewhere" | { readonly why: string | undefined }): void {
    if (how === "elsewhere") this.#owner.elsewhere();
    else if (how.why !== undefined) this.#owner.failed(how.why);
  }

  async #load(): Promise<void> {
    const door = this.#door;
    if (!door) return;
    try {
      const script = new URL("../../phone.js", door).href;
      const { Phone } = (await import(script)) as typeof import("../phone.ts");
      if (door === this.#door) this.#phone ??= new Phone(door, this);
    } catch {
      if (door === this.#door) this.phone({ is: "away", reason: words.unreachable });
    }
  }

  #hangUp(): void {
    this.#phone?.close();
    this.#phone = undefined;
    this.state = undefined;
    this.#bell.stop();
    this.heard(undefined);
    this.#draw();
  }

  #draw(): void {
    const { state } = this;
    this.#replace(this.buttons, [state?.is, state?.is === "talking" && state], () => this.#offered());
    const [text, asks] = [this.#said(), state?.is === "ready" && mayAskToNotify()];
    this.#replace(this.notice, [text, asks], () => (text !== undefined ? [text] : asks ? [this.#asker()] : []));
  }

  /** Only by what is new: a button that is just being pressed stays. */
  #replace(place: HTMLElement, what: unknown, make: () => (string | Node)[]): void {
    const drawn = JSON.stringify(what);
    if (this.#drawn.get(place) === drawn) return;
    this.#drawn.set(place, drawn);
    const made = make();
    place.replaceChildren(...made);
    place.hidden = made.length === 0;
  }

  #offered(): HTMLButtonElement[] {
    const { state } = this;
    const answer = () => {
      // Safari lets sound begin in the turn of a touch only, and there is none yet.
      this.#audio.srcObject = new MediaStream();
      this.#audio.play().catch(() => {});
      void this.#phone?.answer();
    };
    const end = (label: string) => button("decline", "hangUp", label, () => this.#phone?.hangUp());
    if (state?.is === "rung")
      return [...(canTalk() ? [button("answer", "phone", words.answer, answer)] : []), end(words.decline)];
    if (state?.is === "answering") return [button("answer", "phone", words.answering), end(words.decline)];
    if (state?.is !== "talking") return [];
    const mute = muteButton(state.muted, (muted) => this.#phone?.mute(muted));
    return [...(state.unheard === undefined ? [mute] : []), end(words.hangUp)];
  }

  #said(): string | undefined {
    const { state } = this;
    if (state?.is === "away") return words.cannotAnswer(state.reason);
    const waits = state?.is === "ready" || state?.is === "rung";
    if (waits && !canTalk()) return words.cannotTalk;
    if ((state?.is === "rung" || state?.is === "talking") && state.unheard !== undefined)
      return words.unheard(state.unheard);
    return waits && !mayRing() ? words.touchToRing : undefined;
  }

  #asker(): HTMLElement {
    const ask = document.createElement("button");
    [ask.type, ask.className, ask.textContent] = ["button", "quiet", words.notify];
    ask.onclick = () => void Notification.requestPermission().then(() => this.#draw());
    return ask;
  }
}

function button(name: string, shows: Parameters<typeof icon>[0], label: string, press?: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  [made.type, made.className] = ["button", name];
  made.append(icon(shows), label);
  if (press) made.onclick = press;
  else made.disabled = true;
  return made;
}

function muteButton(muted: boolean, mute: (muted: boolean) => void): HTMLButtonElement {
  const made = button("mute", muted ? "muted" : "microphone", muted ? words.unmuteMe : words.muteMe, () =>
    mute(!muted),
  );
  made.setAttribute("aria-pressed", String(muted));
  return made;
}
