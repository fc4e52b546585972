// What makes a page heard that is rung: two tones, a telephone's trembling, and a notification where the page is not looked at.
import { words } from "../words.ts";

const everyMs = 2_600;
const tones = [
  { at: 0, hz: 660 },
  { at: 0.55, hz: 528 },
] as const;
const trembling = [300, 150, 300];

/** Browsers let a page sound only once somebody has touched it. */
export const mayRing = (): boolean =>
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- older browsers do not tell
  navigator.userActivation?.hasBeenActive ?? true;

/** Whether the user can be asked for notifications; they are for https and the machine itself. */
export const mayAskToNotify = (): boolean =>
  isSecureContext && "Notification" in globalThis && Notification.permission === "default";

export class Bell {
  #context: AudioContext | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #notification: Notification | undefined;

  get rings(): boolean {
    return this.#beat !== undefined;
  }

  start(who: string): void {
    if (this.rings) return;
    this.#beat = setInterval(() => this.#strike(), everyMs);
    this.#strike();
    this.#notify(who);
  }

  stop(): void {
    if (!this.rings) return;
    clearInterval(this.#beat);
    this.#beat = undefined;
    void this.#context?.close();
    this.#context = undefined;
    this.#notification?.close();
    this.#notification = undefined;
    if (mayRing()) this.#tremble([]);
  }

  #strike(): void {
    if (!mayRing()) return;
    const context = (this.#context ??= new AudioContext());
    void context.resume();
    for (const { at, hz } of tones) {
      const [from, tone, loudness] = [context.currentTime + at, context.createOscillator(), context.createGain()];
      tone.frequency.value = hz;
      loudness.gain.setValueAtTime(0.0001, from);
      loudness.gain.exponentialRampToValueAtTime(0.5, from + 0.02);
      loudness.gain.exponentialRampToValueAtTime(0.0001, from + 1.4);
      tone.connect(loudness).connect(context.destination);
      tone.start(from);
      tone.stop(from + 1.5);
    }
    this.#tremble(trembling);
  }

  #tremble(pattern: number[]): void {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- iPhones have none
    navigator.vibrate?.(pattern);
  }

  #notify(who: string): void {
    if (!document.hidden || !("Notification" in globalThis) || Notification.permission !== "granted") return;
    try {
      this.#notification = new Notification(who, { body: words.answer, tag: "portero", requireInteraction: true });
      this.#notification.onclick = () => window.focus();
    } catch {
      // Android lets only service workers notify.
    }
  }
}
