// A house with one door for the bridge's tests: what it is asked, and a bridge on a clock that stands still.
import { MqttBridge, type BridgeStatus, type Command, type DoorsForMqtt, type Refusal } from "../../src/mqtt/bridge.ts";
import { FakeClock } from "../support/clock.ts";

export class House implements DoorsForMqtt {
  readonly asked: string[] = [];
  visit: { id: string; active: boolean; endedAt?: number } | undefined = { id: "v1", active: true };
  door: ReturnType<DoorsForMqtt["list"]>[number] = { id: "front", name: "Frontdoor", registered: true, call: "idle" };
  others: ReturnType<DoorsForMqtt["list"]> = [];

  list() {
    return [this.door, ...this.others];
  }
  lastVisit() {
    return this.visit;
  }
  open({ door, id, by, visit }: Parameters<DoorsForMqtt["open"]>[0]): ReturnType<DoorsForMqtt["open"]> {
    this.asked.push(`open ${door} by ${by} for ${visit ?? "nobody"}`);
    return Promise.resolve({ id, ok: true, method: "dtmf-info", reason: "opened by DTMF", ts: 1 });
  }
  stop = (door: string) => void this.asked.push(`stop ${door}`);
  hangup = (door: string) => void this.asked.push(`hangup ${door}`);
  setDnd = (door: string, on: boolean) => void this.asked.push(`dnd ${door} ${on}`);
}

export interface Setting {
  house: House;
  clock: FakeClock;
  bridge: MqttBridge;
  statuses: BridgeStatus[];
  commands: Command[];
  refusals: Refusal[];
  /** The first status (of those so far and to come) whose text matches. */
  status(pattern: RegExp): Promise<BridgeStatus>;
  /** Resolves when a line of the bridge's log matches. */
  logged(pattern: RegExp): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A bridge, not started. Its client id at the broker is "bridge". */
export function setting(url: string, more: object = {}, house = new House()): Setting {
  const clock = new FakeClock();
  const settings = { clientId: "bridge", base: "doorbell", commands: "visit", snapshots: false, clearRetained: false };
  const lines: string[] = [];
  let heard = () => {};
  const say = (line: string) => {
    lines.push(line);
    heard();
  };
  const log = { debug: say, info: say, warn: say, error: say };
  const bridge = new MqttBridge({ ...settings, url, ...more } as never, house, { clock, log, random: () => 0.5 });
  const statuses: BridgeStatus[] = [];
  const commands: Command[] = [];
  const refusals: Refusal[] = [];
  bridge.on("status", (status) => statuses.push(status));
  bridge.on("command", (command) => commands.push(command));
  bridge.on("refused", (refusal) => refusals.push(refusal));
  let seen = 0;
  return {
    ...{ house, clock, bridge, statuses, commands, refusals },
    status(pattern) {
      return new Promise((resolve) => {
        const look = () => {
          while (seen < statuses.length) {
            const status = statuses[seen++];
            if (!status || !pattern.test(status.text)) continue;
            bridge.off("status", look);
            resolve(status);
            return;
          }
        };
        bridge.on("status", look);
        look();
      });
    },
    async logged(pattern) {
      while (!lines.some((line) => pattern.test(line))) await new Promise<void>((resolve) => (heard = resolve));
    },
    [Symbol.asyncDispose]: () => bridge.close(),
  };
}
