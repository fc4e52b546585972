// Sounds played by rtpengine: it is handed over WAV files, as many as a long sound has pieces, and tells of no end: it is known how
// long each is.
import type { Cancel, Clock } from "../../clock.ts";
import { sentence } from "../../errors.ts";
import { encodeA } from "../g711.ts";
import { secondsOf, type PlaybackEnd } from "../sound.ts";
import { wavHead } from "../wav-file.ts";
import { ClipSource } from "../worker/audio/clip.ts";
import { frameSamples, rate, type Source } from "../worker/audio/frame.ts";
import { ToneSource } from "../worker/audio/tone.ts";
import type { ToWorker } from "../worker/messages.ts";
import type { Member } from "./member.ts";

/** A piece has to fit into one datagram, and that into few packets. */
const pieceSeconds = 5;
/** What is short and goes round is handed over once: this is half a day at least. */
const always = 100_000;

export type Play = Extract<ToWorker, { type: "play" }>;
export type Stop = Extract<ToWorker, { type: "stop" }>;

interface Playing {
  readonly play: number;
  readonly source: Source;
  /** How often each piece is played. */
  readonly times: number;
  rest: Cancel;
  over: boolean;
}

/** Rejects what cannot be played. */
export type Turn = (member: Member, act: () => Promise<void>) => Promise<void>;

export class Players {
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #failed: (why: string) => void;
  readonly #playing = new Map<Member, Playing>();

  /** `turn` does one thing after the other at a call; `failed` is told why a sound was not to be played. */
  constructor(clock: Clock, turn: Turn, failed: (why: string) => void) {
    this.#clock = clock;
    this.#turn = turn;
    this.#failed = failed;
  }

  has(member: Member): boolean {
    return this.#playing.has(member);
  }

  play(member: Member, { play, sound, loop }: Play): void {
    this.#end(member, "replaced");
    const short = loop && secondsOf(sound) <= pieceSeconds;
    const goesOn = loop && !short;
    const source = sound.kind === "tone" ? new ToneSource(sound.cadence, goesOn) : new ClipSource(sound, goesOn);
    const playing: Playing = { play, source, times: short ? always : 1, rest: () => {}, over: false };
    this.#playing.set(member, playing);
    void this.#next(member, playing);
  }

  stop(member: Member, { play }: Stop): void {
    if (this.#playing.get(member)?.play === play) this.#cut(member, "stopped");
  }

  /** The leg is gone. */
  closed(member: Member): void {
    this.#end(member, "closed");
  }

  async #next(member: Member, playing: Playing): Promise<void> {
    const samples = pieceOf(playing.source);
    if (samples.length === 0) {
      this.#cut(member, "finished", false);
      return;
    }
    try {
      await this.#turn(member, async () => {
        if (!playing.over) await member.call.play(member, wavOf(samples), playing.times);
      });
    } catch (error) {
      this.#failed(sentence(error));
      if (!playing.over) this.#cut(member, "closed");
      return;
    }
    if (playing.over || playing.times > 1) return;
    playing.rest = this.#clock.after((samples.length / rate) * 1000, () => void this.#next(member, playing));
  }

  #cut(member: Member, how: PlaybackEnd, cut = true): void {
    this.#end(member, how);
    // Another one may have begun until its turn comes.
    this.#turn(member, async () => {
      if (!this.#playing.has(member)) await member.call.played(member, cut);
    }).catch((error: unknown) => this.#failed(sentence(error)));
  }

  #end(member: Member, how: PlaybackEnd): void {
    const playing = this.#playing.get(member);
    if (!playing) return;
    this.#playing.delete(member);
    playing.over = true;
    playing.rest();
    member.session.playbacks.ended(playing.play, how);
  }
}

/** The next samples of a sound, in A-law; none at its end. */
function pieceOf(source: Source): Uint8Array {
  const law = new Uint8Array(pieceSeconds * rate);
  const frame = new Int16Array(frameSamples);
  let length = 0;
  for (let filled = frameSamples; filled === frameSamples && length < law.length; length += filled) {
    filled = source.fill(frame);
    for (let i = 0; i < filled; i++) law[length + i] = encodeA(frame[i] ?? 0);
  }
  return law.subarray(0, length);
}

/** As a WAV file of one channel. */
export const wavOf = (law: Uint8Array): Uint8Array => Buffer.concat([wavHead(1, law.length, "a-law"), law]);
