// Starts the media engine that the settings name: the worker of this process, or rtpengine.
import type { Clock } from "../clock.ts";
import { silent, type Log } from "../log.ts";
import type { MediaEngine } from "./engine.ts";
import { Media, type MediaDeps, type MediaOptions } from "./media.ts";
import { DigitLog } from "./rtpengine/digit-log.ts";
import { Rtpengine } from "./rtpengine/rtpengine.ts";
import { parseDigits, parseServer } from "./rtpengine/wire.ts";

export interface EngineOptions extends MediaOptions {
  readonly spawn?: NonNullable<MediaDeps["spawn"]>;
  /** Where rtpengines listen for the ng protocol, `host:port`; the first that answers carries a call. Absent or empty: we do. */
  readonly rtpengine?: readonly string[];
  /** Where they send the digits that they hear, `host:port` of this machine; absent: those are not heard. */
  readonly rtpengineDigits?: string;
  readonly log?: Log;
}

/**
 * Rejects tryAgain "bad-address" and giveUp "bad-ports" about our own sockets, "invalid" about an address of an rtpengine or for its digits. Whether one
 * answers is told by "down": calls are taken all the same.
 */
export async function startMedia(
  { rtpengine = [], rtpengineDigits, log = silent, spawn, ...options }: EngineOptions,
  clock: Clock,
): Promise<MediaEngine> {
  if (rtpengine.length === 0) return Media.start(options, spawn ? { spawn } : {});
  const servers = rtpengine.map(parseServer);
  const digits = rtpengineDigits === undefined ? {} : { digits: await DigitLog.open(parseDigits(rtpengineDigits)) };
  return new Rtpengine({ servers, log, ...digits }, { clock });
}
