// The verbs of a strategy (see strategy.ts) on a real visit.
import { sentence } from "../../errors.ts";
import { confer } from "../places/confer.ts";
import { Forking, quiet } from "./fork.ts";
import { takeMessage } from "../sound/message.ts";
import { notUnderstood } from "../sound/recording.ts";
import type { RingingVisit } from "./ringing-visit.ts";
import { loadSound } from "../sound/sounds.ts";
import { nobody } from "../strategies/outcome.ts";
import type { Ringing } from "../strategies/verbs.ts";
import { parkVisit } from "../places/parking-visit.ts";
import { nameOf } from "./target.ts";
import type { TransferHost } from "../talk/transfer.ts";

export function ringingOf(host: TransferHost, visit: RingingVisit): Ringing {
  const { clock, log } = host;
  const { running, signal, line, door, sounds, recorder } = visit;
  recorder.forget();
  let hush = new AbortController();
  const deaf = (error: unknown) => log.warn(`${door.name} hears nothing while it rings: ${sentence(error)}`);
  /** Does what ends early where one of the last targets registers; says whether it came to its end. */
  const unlessWoken = async (work: (over: AbortSignal) => Promise<unknown>): Promise<boolean> => {
    const early = new AbortController();
    running.wake = () => early.abort();
    try {
      await work(AbortSignal.any([signal, early.signal]));
    } catch (error) {
      deaf(error);
    }
    running.wake = () => {};
    return !early.signal.aborted;
  };
  const ringing: Ringing = {
    signal,
    dialled: line.call.dialled,
    passed: () => clock.passed(),
    wait: async (seconds) => {
      await unlessWoken((over) => clock.sleep(seconds * 1000, over));
    },
    answer: async () => {
      try {
        await visit.answer();
      } catch (error) {
        deaf(error);
      }
    },
    play: async (settings) => {
      const over = AbortSignal.any([signal, hush.signal]);
      try {
        await sounds.play(await loadSound(settings, clock), { loop: true, signal: over });
      } catch (error) {
        deaf(error);
      }
    },
    stop: () => {
      hush.abort();
      hush = new AbortController();
    },
    announce: (settings) =>
      unlessWoken(async (over) => {
        const { ended } = await sounds.play(await loadSound(settings, clock), { signal: over });
        await ended;
      }),
    ring: async (wanted, seconds) => {
      if (signal.aborted) return nobody;
      const targets = wanted.map(nameOf);
      const room = targets.length === 1 && host.rooms.at(targets[0] ?? "");
      if (room) return ringing.confer({ place: room.name, seconds });
      running.targets = wanted;
      const attempt = visit.ring(targets);
      if (host.isQuiet(door.id)) {
        const nobody = quiet(targets);
        visit.tried(attempt, nobody);
        return nobody;
      }
      const session = await line.session;
      const caller = { ...visit.caller(), dialled: { number: line.call.dialled, by: "door" as const } };
      // A bell that is to show itself takes that for an answer of its own, and hears nothing unless it is played something.
      const watched = () => void (sounds.playing ? undefined : ringing.play({ tone: "ring-back" }));
      const fork = new Forking(host, caller, session, wanted, watched);
      running.fork = fork;
      const result = await fork.run(seconds, signal);
      running.fork = undefined;
      visit.tried(attempt, result);
      const { winner, parties, cause } = result;
      const answered = winner !== undefined && (await visit.connect(winner));
      return { parties, cause, ...(answered && { answeredBy: winner.name }) };
    },
    park: async (settings) => (signal.aborted ? nobody : parkVisit(host, visit, settings)),
    confer: async (settings) => (signal.aborted ? nobody : confer(host, visit, settings)),
    refuse: (status, cause, text) => visit.refuse(status, cause, text),
    record: async (settings) => recorder.ask(settings, await line.session),
    message: async (settings) => {
      running.message = true;
      try {
        const answer = async () => {
          const session = await line.session;
          if (!session.limitToUnderstood()) throw notUnderstood(door.name);
          await visit.answer();
          return { call: line.call, session, name: door.name };
        };
        const play = async (sound: Parameters<typeof sounds.play>[0]) => (await sounds.play(sound, { signal })).ended;
        const message = await takeMessage(host, { answer, play }, settings, visit.nameOf("message"), signal);
        if (!message) return undefined;
        visit.recorded(message);
        const { wav: _, ...about } = message;
        return about;
      } catch (error) {
        recorder.failed(error);
        return undefined;
      }
    },
  };
  return ringing;
}
