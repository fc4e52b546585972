// A parking place (H7, H8): its form, given to the endpoint's switchboard. A config node; dial-strategy parks visitors in it.
import { giveUp, sentence } from "../../src/errors.ts";
import type { ParkingForm } from "../../src/visit/parking-settings.ts";
import { soundNamed } from "../../src/visit/sounds.ts";
import type { Config, Red, RedNode } from "../red.d.ts";
import { endpointNode, Health, numberOr, onClose, textOr } from "../shared.ts";

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

export interface ParkingNode extends RedNode {
  health: Health;
  /** What a strategy calls it. */
  place: string;
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
  function ParkingPlace(this: ParkingNode, config: ParkingConfig) {
    RED.nodes.createNode(this, config);
    this.health = new Health();
    const endpoint = endpointNode(RED, config.endpoint);
    const form = parkingForm(config);
    this.place = form.name;
    let takeAway = () => {};
    try {
      if (!endpoint)
        throw giveUp(
          "no-endpoint",
          `the parking place "${form.name}" has no SIP endpoint: choose one in its dialog and deploy`,
        );
      takeAway = endpoint.switchboard.parking.add(form, `parking place "${form.name}"`);
    } catch (error) {
      this.health.set(sentence(error));
      this.error(sentence(error));
    }
    onClose(this, async () => {
      await endpoint?.lastWords();
      takeAway();
    });
  }
  RED.nodes.registerType("parking-place", ParkingPlace);
}
