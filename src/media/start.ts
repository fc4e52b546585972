// Starts the media engine that the settings name: the worker of this process, or rtpengine.
import type { Clock } from "../clock.ts";
import { silent, type Log } from "../log.ts";
import type { MediaEngine } from "./engine.ts";
import { Media, type MediaDeps, type MediaOptions } from "./media.ts";
import { Rtpengine } from "./rtpengine/rtpengine.ts";
import { parseServer } from "./rtpengine/wire.ts";

export interface EngineOptions extends MediaOptions {
  readonly spawn?: NonNullable<MediaDeps["spawn"]>;
  /** Where rtpengines listen for the ng protocol, `host:port`; the first that answers carries a call. Absent or empty: we do. */
  readonly rtpengine?: readonly string[];
  readonly log?: Log;
}

/**
 * Rejects tryAgain "bad-address" and giveUp "bad-ports" about our own sockets, "invalid" about an address of an rtpengine. Whether one
 * answers is told by "down": calls are taken all the same.
 */
export async function startMedia(
  { rtpengine = [], log = silent, spawn, ...options }: EngineOptions,
  clock: Clock,
): Promise<MediaEngine> {
  if (rtpengine.length === 0) return Media.start(options, spawn ? { spawn } : {});
  return new Rtpengine({ servers: rtpengine.map(parseServer), log }, { clock });
}
