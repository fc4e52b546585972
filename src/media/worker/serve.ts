// The media worker: real sockets and real time around the relay. One thread for all calls, so that a busy flow in the
// main thread cannot disturb speech.
// Imported, since the global one is looked up each time; a packet asks for the time.
import { performance } from "node:perf_hooks";
import type { MessagePort } from "node:worker_threads";
import type { FromWorker, ToWorker, WorkerSettings } from "./messages.ts";
import { Metronome } from "./metronome.ts";
import { Outbox } from "./outbox.ts";
import { bound, PortPool } from "./ports.ts";
import { Relay } from "./relay.ts";
import { Handshakes } from "./webrtc/handshakes.ts";
import { warmUp } from "./srtp/warm-up.ts";

/** Serves one engine, which is at the other end of `port`, until it says "end" or is gone. */
export async function serve(port: MessagePort, settings: WorkerSettings): Promise<void> {
  const now = () => performance.now();

  const outbox = new Outbox<FromWorker>((messages) => port.postMessage(messages));
  // That a session is closed is news to nobody in a hurry.
  const tell = (message: FromWorker) => outbox.put(message, message.type === "closed" ? "soon" : "now");

  const pool = new PortPool({ ...settings, now });
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  };
  const metronome = new Metronome({ now, after });
  const handshakes = new Handshakes();
  const { start: shake } = handshakes;
  const relay = new Relay(settings, { now, random: Math.random, pool, metronome, tell, shake });

  port.on("message", (messages: readonly ToWorker[]) => {
    for (const message of messages) {
      if (message.type === "browsers") handshakes.prepare();
      else if (message.type !== "end") relay.handle(message);
      else {
        clearInterval(watch);
        clearInterval(reports);
        void relay
          .end()
          .then(() => Promise.all([pool.end(), handshakes.end()]))
          .then(() => tell({ type: "ended" }));
      }
    }
  });

  const limits = [settings.firstPacketMs, settings.silenceMs].filter((ms) => ms > 0);
  const watch = setInterval(
    () => {
      relay.watch();
      pool.tidy();
    },
    Math.min(1000, Math.max(20, Math.min(...limits) / 4)),
  );

  const reports = setInterval(() => relay.report(), 100);

  // An address that is not this machine's is found out now, not at the first call.
  const probe = await bound(settings.bind, 0);
  if (probe) {
    probe.close();
    tell({ type: "ready" });
    // Behind the first orders, which open ports.
    setTimeout(warmUp, 10);
  } else {
    tell({ type: "unusable" });
  }
}
