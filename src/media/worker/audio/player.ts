// Plays one sound into one stream, a packet at each beat. While the leg holds nothing is sent
// and the sound waits. What ends before its end fades out within one packet, so that it does not click.
import { isUnderstood } from "../../codec.ts";
import type { PlaybackEnd } from "../../sound.ts";
import type { FromWorker, ToWorker } from "../messages.ts";
import type { Metronome } from "../metronome.ts";
import type { Stream } from "../stream.ts";
import { ClipSource } from "./clip.ts";
import { frameSamples, type Source } from "./frame.ts";
import { ToneSource } from "./tone.ts";

class Player {
  readonly #stream: Stream;
  readonly #source: Source;
  readonly #frame = new Int16Array(frameSamples);
  readonly #leave: () => void;
  readonly #rest: () => void;
  readonly #ended: (end: PlaybackEnd) => void;
  #sequence = 0;
  #timestamp = 0;
  #fading = false;
  #over = false;

  constructor(stream: Stream, source: Source, metronome: Pick<Metronome, "add">, ended: (end: PlaybackEnd) => void) {
    this.#stream = stream;
    this.#source = source;
    this.#ended = ended;
    this.#leave = stream.take(this);
    this.#rest = metronome.add(() => this.#beat());
  }

  /** Fades out with the next packet. */
  fade(): void {
    this.#fading = true;
  }

  end(how: PlaybackEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#rest();
    this.#leave();
    this.#ended(how);
  }

  #beat(): void {
    const { codec, maySend } = this.#stream;
    // Time passes though nothing is sent.
    this.#timestamp += frameSamples;
    if (!maySend || !codec) {
      if (this.#fading) this.end("stopped");
      return;
    }
    if (!isUnderstood(codec)) return this.end("codec");
    const frame = this.#frame;
    const left = this.#source.fill(frame);
    if (this.#fading)
      for (let i = 0; i < frameSamples; i++)
        frame[i] = Math.round(((frame[i] ?? 0) * (frameSamples - i)) / frameSamples);
    if (left > 0) this.#stream.say(this, this.#sequence++, this.#timestamp, frame);
    if (this.#fading) this.end("stopped");
    else if (left < frameSamples) this.end("finished");
  }
}

type Play = Extract<ToWorker, { type: "play" }>;
type Stop = Extract<ToWorker, { type: "stop" }>;

/** What is played in all streams: one sound in each. */
export class Players {
  readonly #metronome: Pick<Metronome, "add">;
  readonly #tell: (message: FromWorker) => void;
  readonly #playing = new Map<Stream, { readonly play: number; readonly player: Player }>();

  constructor(metronome: Pick<Metronome, "add">, tell: (message: FromWorker) => void) {
    this.#metronome = metronome;
    this.#tell = tell;
  }

  handle(message: Play | Stop, stream: Stream | undefined): void {
    if (message.type === "play") return this.#play(message, stream);
    const playing = stream && this.#playing.get(stream);
    if (playing?.play === message.play) playing.player.fade();
  }

  /** The stream is gone. */
  closed(stream: Stream): void {
    this.#playing.get(stream)?.player.end("closed");
  }

  #play({ session, play, sound, loop }: Play, stream: Stream | undefined): void {
    const ended = (end: PlaybackEnd) => {
      if (stream && this.#playing.get(stream)?.play === play) this.#playing.delete(stream);
      this.#tell({ type: "played", session, play, end });
    };
    if (!stream) return ended("closed");
    this.#playing.get(stream)?.player.end("replaced");
    const source = sound.kind === "tone" ? new ToneSource(sound.cadence, loop) : new ClipSource(sound, loop);
    const player = new Player(stream, source, this.#metronome, ended);
    this.#playing.set(stream, { play, player });
  }
}
