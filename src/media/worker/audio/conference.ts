// A conference: at each beat of the metronome everybody hears the sum of all others (mix-minus). The sum is of 32 bits, so
// that only what somebody hears is ever cut off, and never what is taken out of it again.
import type { Metronome } from "../metronome.ts";
import type { Stream } from "../stream.ts";
import { Member } from "./member.ts";
import { frameSamples } from "./frame.ts";

export class Conference {
  readonly #metronome: Pick<Metronome, "add">;
  readonly #members = new Map<number, Member>();
  /** Those whose last words fade in the next beat. */
  readonly #leaving = new Set<Member>();
  readonly #sum = new Int32Array(frameSamples);
  #rest: (() => void) | undefined;

  constructor(metronome: Pick<Metronome, "add">) {
    this.#metronome = metronome;
  }

  add(session: number, stream: Stream, muted: boolean): void {
    this.remove(session);
    const member: Member = new Member(stream, muted, (packet, now) => {
      for (const other of this.#members.values()) if (other !== member) other.pass(packet, member, now);
    });
    this.#members.set(session, member);
    this.#rest ??= this.#metronome.add((now) => this.#beat(now));
  }

  remove(session: number): void {
    const member = this.#members.get(session);
    if (!member) return;
    this.#members.delete(session);
    this.#leaving.add(member);
    member.leave();
  }

  mute(session: number, on: boolean): void {
    this.#members.get(session)?.mute(on);
  }

  /** Whether its telephone events reach the others; they do where nobody says. */
  passKeys(session: number, pass: boolean): void {
    const member = this.#members.get(session);
    if (member) member.passesKeys = pass;
  }

  close(): void {
    for (const session of [...this.#members.keys()]) this.remove(session);
    this.#leaving.clear();
    this.#pause();
  }

  #pause(): void {
    this.#rest?.();
    this.#rest = undefined;
  }

  #beat(now: number): void {
    const sum = this.#sum.fill(0);
    for (const members of [this.#members.values(), this.#leaving])
      for (const member of members) {
        member.say(now);
        const { frame } = member;
        for (let i = 0; i < frameSamples; i++) sum[i] = (sum[i] ?? 0) + (frame[i] ?? 0);
      }
    this.#leaving.clear();
    for (const member of this.#members.values()) member.listen(sum, now);
    if (this.#members.size === 0) this.#pause();
  }
}
