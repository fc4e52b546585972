// What devices describe and flows wish for in a random walk.
import { type StrategySettings, strategyOf } from "../../src/visit/strategy.ts";
import type { Strategy } from "../../src/visit/strategies/verbs.ts";
import { strategyNames, type StrategyName } from "../../src/visit/strategies/usual.ts";
import type { RingWish } from "../../src/visit/ringing/target.ts";
import { sound } from "./desk.ts";
import type { WalkDevice } from "./walk-device.ts";
import { phones, type WalkHouse } from "./walk-house.ts";

const tone = { tone: "ring-back" } as const;

/** What a device says of its media: mostly something usable. */
export function sdp({ random }: WalkHouse, { party }: WalkDevice): string {
  if (random.chance(0.04)) return "v=0\r\nthis is no description\r\n";
  const codecs = random.chance(0.05) ? "18" : random.pick(["8", "8", "8", "0", "8 0", "9"]);
  return sound({
    ...{ codecs, port: 4000 + 2 * random.below(500), video: random.chance(0.1) },
    ...(random.chance(0.4) && { keys: 101 }),
    ...(random.chance(0.7) && { address: party.host }),
    ...(random.chance(0.1) && { direction: random.pick(["sendonly", "inactive", "recvonly"]) }),
  });
}

/** Whom a flow may name, and what may be special about them. */
export function targets({ random }: WalkHouse, seconds: number): RingWish[] {
  const all = [...phones, "600", "dashboard", "6009", "8000", "777", "sip:6001@10.0.0.23", "0301@line", "0302"];
  return all
    .filter((_, index) => random.chance(index < phones.length ? 0.5 : 0.08))
    .map((target) => ({
      target,
      ...(random.chance(0.2) && { delay: random.below(Math.min(seconds, 20)) }),
      ...(random.chance(0.2) && { seconds: 1 + random.below(20) }),
      ...(random.chance(0.2) && { silentSeconds: 1 + random.below(5) }),
      ...(random.chance(0.2) && { confirm: true, confirmSeconds: 3 + random.below(10) }),
      ...(random.chance(0.1) && { name: "Somebody", codecs: [random.pick(["PCMA", "PCMU", "G722"] as const)] }),
    }));
}

function step(house: WalkHouse, strategy: StrategyName): StrategySettings {
  const { random } = house;
  const seconds = random.chance(0.1) ? 3000 : 2 + random.below(25);
  const wants = (share = 0.25) => random.chance(share);
  return {
    ...{ strategy, seconds, targets: targets(house, seconds) },
    ...(wants() && { tries: random.below(5) }),
    ...(wants() && { waitSeconds: 0.5 + random.below(5) }),
    ...(wants() && { maxMinutes: 0.1 + random.below(20) / 10 }),
    ...(wants() && { sound: tone }),
    ...(wants() && { announcement: { tone: "busy" } as const }),
    ...(wants() && { answerFirst: true }),
    ...(wants(0.1) && { messageSeconds: 1 + random.below(20), messageTo: "flow" as const, greeting: tone }),
    ...(strategy === "message" && { messageTo: "flow" as const, messageSeconds: 1 + random.below(20) }),
    ...(wants(0.1) && { place: random.pick(["hall", "room", "nowhere"]) }),
    ...(strategy === "park" &&
      wants() && { then: random.pick(["hang-up", "ring-again", "message", "go-on"] as const) }),
  };
}

/** Any strategy, with settings that are taken. */
export function strategy(house: WalkHouse): Strategy {
  const { random } = house;
  const short = ["refuse", "message"];
  const usual = strategyNames.filter((name) => !short.includes(name) || random.chance(0.2));
  const name = random.pick(usual);
  const simple = strategyNames.filter((one) => one !== "steps");
  return strategyOf({
    ...step(house, name),
    ...(random.chance(0.15) && { record: "flow", recordToneSeconds: 0 }),
    ...(name === "steps" && {
      steps: Array.from({ length: 1 + random.below(3) }, () => step(house, random.pick(simple))),
    }),
  });
}
