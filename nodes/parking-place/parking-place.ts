// A parking place (H7, H8): its form, given to the endpoint's switchboard. A config node; dial-strategy parks visitors in it.
import type { ParkingForm } from "../../src/visit/places/parking-settings.ts";
import { soundNamed } from "../../src/visit/sound/sounds.ts";
import { setUpPlace, type PlaceNode } from "../place.ts";
import type { Config, Red } from "../red.d.ts";
import { numberOr, textOr } from "../fields.ts";

export interface ParkingConfig extends Config {
  endpoint?: string;
  parkNumber?: string;
  fetchNumber?: string;
  firstSlot?: string;
  lastSlot?: string;
  seconds?: string;
  then?: string;
  /** A WAV file or its URL; empty: a tune of our own. */
  music?: string;
  answerFirst?: boolean;
}

/** The settings for what stands in the dialog; blank means the default. */
export function parkingForm(config: ParkingConfig): ParkingForm {
  const filled = (name: "parkNumber" | "fetchNumber" | "firstSlot" | "lastSlot" | "then") => {
    const text = textOr(config[name]);
    return text === undefined ? {} : { [name]: text };
  };
  const music = textOr(config.music);
  return {
    name: textOr(config.name) ?? "Parking",
    ...{ ...filled("parkNumber"), ...filled("fetchNumber"), ...filled("firstSlot"), ...filled("lastSlot") },
    ...{ seconds: numberOr(config.seconds, 60), answerFirst: config.answerFirst !== false, ...filled("then") },
    ...(music !== undefined && { music: soundNamed(music) }),
  };
}

export default function (RED: Red): void {
  function ParkingPlace(this: PlaceNode, config: ParkingConfig) {
    RED.nodes.createNode(this, config);
    const form = parkingForm(config);
    setUpPlace(RED, this, config, { kind: "parking place", name: form.name }, (switchboard, owner) =>
      switchboard.parking.add(form, owner),
    );
  }
  RED.nodes.registerType("parking-place", ParkingPlace);
}
