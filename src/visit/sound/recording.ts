// Recordings of a visit: its call (the door left, who answered right) or the visitor's message, as a WAV file or for the
// flow. docs/recording.md says who has to be asked.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { giveUp, sentence, type PorteroError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { understoodNames } from "../../media/codec.ts";
import type { MediaEngine } from "../../media/engine.ts";
import type { MediaSession } from "../../media/media.ts";
import { mustBeRecordable, type Recording } from "../../media/recording.ts";
import { recordedRate, wavBytes, WavFile, wavHead } from "../../media/wav-file.ts";
import type { Recorded } from "../messages.ts";

export interface RecordHost {
  readonly media: MediaEngine;
  readonly log: Log;
  /** The folder for recordings; undefined where there is none. */
  readonly recordings: string | undefined;
}

/** `file`: into the folder of recordings; `flow`: the WAV file goes into a message, as a Buffer. */
export type RecordTo = "file" | "flow";

export interface TapeSettings {
  readonly to: RecordTo;
  /** Seconds at most; what goes to the flow ends after ten minutes in any case. */
  readonly seconds: number;
  /** Seconds between two tones that tell of it; 0 = none. */
  readonly toneSeconds: number;
}

/** What a recording is called: the time, the door, the visit. */
export interface TapeName {
  readonly kind: Recorded["kind"];
  readonly door: string;
  readonly visit: string;
  readonly at: number;
}

const mostInMemory = 600;

/** Sorted by name, recordings are sorted by time. */
export function fileName({ kind, door, visit, at }: TapeName): string {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-${door.replace(/[^\w-]/g, "_")}-${kind}-${visit.slice(0, 8)}.wav`;
}

/** Who talks nothing that we understand cannot be recorded, or mixed with others. */
export const notUnderstood = (who: string, what = "recording"): PorteroError =>
  giveUp("no-codec", `${who} does not talk ${understoodNames}, which ${what} needs: allow it one of them`);

/** What is recorded, until somebody stops it or it is as long as it may be. */
export class Tape {
  readonly #recording: Recording;
  readonly #name: TapeName;
  readonly #file: WavFile | undefined;
  readonly #pieces: Int16Array[] = [];
  readonly #most: number;
  readonly #ended: Promise<void>;
  #samples = 0;
  /** Hears each second of sound. */
  onSamples: (samples: Int16Array) => void = () => {};

  /**
   * Records one session, or two as left and right.
   * @throws PorteroError `no-recordings`, `no-file`, `no-codec`
   */
  static async start(
    host: RecordHost,
    sessions: readonly [MediaSession] | readonly [MediaSession, MediaSession],
    settings: TapeSettings,
    name: TapeName,
  ): Promise<Tape> {
    const { media } = host;
    sessions.forEach(mustBeRecordable);
    if (!media.record)
      throw giveUp("no-recordings", "The media of this call runs in another program, which does not record for us.");
    let file: WavFile | undefined;
    if (settings.to === "file") {
      const { recordings } = host;
      if (recordings === undefined)
        throw giveUp("no-recordings", "There is no folder for recordings: name one, or let them go to the flow.");
      try {
        await mkdir(recordings, { recursive: true, mode: 0o700 });
      } catch (error) {
        throw giveUp("no-file", `the folder ${recordings} for recordings cannot be made: ${sentence(error)}`);
      }
      file = await WavFile.create(join(recordings, fileName(name)), sessions.length);
    }
    const recording = media.record(sessions.length, settings);
    const tape = new Tape(recording, settings, name, file);
    try {
      sessions.forEach((session, channel) => tape.hear(channel === 0 ? 0 : 1, session));
    } catch (error) {
      // Its codec has changed while the file was made.
      await tape.stop("");
      throw error;
    }
    return tape;
  }

  private constructor(recording: Recording, { to, seconds }: TapeSettings, name: TapeName, file: WavFile | undefined) {
    [this.#recording, this.#name, this.#file] = [recording, name, file];
    this.#most = recordedRate * Math.min(seconds, to === "file" ? Infinity : mostInMemory);
    this.#ended = new Promise((resolve) => recording.once("ended", resolve));
    recording.on("samples", (samples) => this.#take(samples));
  }

  /** Resolves when nothing more is recorded. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** @throws PorteroError `no-codec` */
  hear(channel: 0 | 1, session: MediaSession): void {
    this.#recording.hear(channel, session);
  }

  /**
   * Ends it and gives what there is; undefined where that is nothing at all, which is not kept. Rejects with what went
   * wrong on the way; the file holds what came before.
   */
  async stop(by: string): Promise<Recorded | undefined> {
    this.#recording.stop();
    await this.#ended;
    const about = { kind: this.#name.kind, by };
    if (this.#file) {
      const whole = await this.#file.close();
      if (whole.seconds > 0) return { ...about, file: this.#file.path, ...whole };
      await rm(this.#file.path, { force: true });
    }
    if (this.#samples === 0) return undefined;
    const sound = Buffer.concat(this.#pieces.map(wavBytes));
    const { channels } = this.#recording;
    const wav = Buffer.concat([wavHead(channels, sound.length), sound]);
    return { ...about, wav, bytes: wav.length, seconds: this.#samples / recordedRate };
  }

  #take(samples: Int16Array): void {
    const { channels } = this.#recording;
    const left = Math.max(0, this.#most - this.#samples);
    const piece = samples.length > left * channels ? samples.subarray(0, left * channels) : samples;
    if (piece.length > 0) {
      if (this.#file) this.#file.write(piece);
      else this.#pieces.push(piece);
      this.#samples += piece.length / channels;
      this.onSamples(piece);
    }
    if (this.#samples >= this.#most || this.#file?.error) this.#recording.stop();
  }
}

export interface CallRecorderHooks {
  recorded(recorded: Recorded): void;
  failed(reason: string): void;
}

/** The recording of one visit's call: asked for before anybody answers, and begun when somebody does. */
export class CallRecorder {
  readonly #host: RecordHost;
  readonly #name: () => TapeName;
  readonly #hooks: CallRecorderHooks;
  #settings: TapeSettings | undefined;
  #tape: Promise<Tape> | undefined;

  constructor(host: RecordHost, name: () => TapeName, hooks: CallRecorderHooks) {
    [this.#host, this.#name, this.#hooks] = [host, name, hooks];
  }

  /** Another strategy begins: what an earlier one asked for is not its wish. */
  forget(): void {
    this.#settings = undefined;
  }

  /** Lets the call be recorded: its bell and whoever answers talk what can be recorded from now on. Never throws. */
  ask(settings: TapeSettings, bell: MediaSession): void {
    if (bell.limitToUnderstood()) this.#settings = settings;
    else this.failed(notUnderstood("the door"));
  }

  /** Whether the call is to be recorded, or is. */
  get wanted(): boolean {
    return this.#settings !== undefined;
  }

  /** The two talk. */
  begin(bell: MediaSession, answerer: MediaSession): void {
    const settings = this.#settings;
    if (!settings || this.#tape) return;
    this.#tape = Tape.start(this.#host, [bell, answerer], settings, this.#name());
    this.#tape.catch((error: unknown) => this.failed(error));
  }

  /**
   * Begins while two talk already.
   * @throws PorteroError `recording`, `no-recordings`, `no-file`, `no-codec`
   */
  async start(settings: TapeSettings, bell: MediaSession, answerer: MediaSession): Promise<void> {
    if (this.#tape) throw giveUp("recording", "the conversation is recorded already");
    const tape = Tape.start(this.#host, [bell, answerer], settings, this.#name());
    this.#tape = tape;
    this.#settings = settings;
    try {
      // What goes past us is not heard here.
      await Promise.all([bell.comeBack?.(), answerer.comeBack?.(), tape]);
    } catch (error) {
      if (this.#tape === tape) [this.#tape, this.#settings] = [undefined, undefined];
      throw error;
    }
  }

  /** Ends it before the call does, and gives what there is. @throws PorteroError `not-recording`, or what went wrong */
  async stop(by: string): Promise<Recorded | undefined> {
    const tape = this.#tape;
    if (!tape) throw giveUp("not-recording", "nothing is recorded just now");
    [this.#tape, this.#settings] = [undefined, undefined];
    const recorded = await (await tape).stop(by);
    if (recorded) this.#hooks.recorded(recorded);
    return recorded;
  }

  /** Somebody else has taken the place of who answered. */
  replaced(answerer: MediaSession): void {
    this.#tape?.then((tape) => tape.hear(1, answerer)).catch((error: unknown) => this.#host.log.warn(sentence(error)));
  }

  /** The call is over. */
  end(by: string): void {
    const tape = this.#tape;
    this.#tape = undefined;
    tape?.then(
      (open) =>
        open.stop(by).then(
          (recorded) => recorded && this.#hooks.recorded(recorded),
          (error: unknown) => this.failed(error),
        ),
      () => {},
    );
  }

  /** Tells that something is not recorded, and why. */
  failed(error: unknown): void {
    this.#tape = undefined;
    this.#host.log.warn(`${this.#name().door} is not recorded: ${sentence(error)}`);
    this.#hooks.failed(sentence(error));
  }
}
