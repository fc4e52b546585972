// A conference room (H9): its form, given to the endpoint's switchboard. A config node; dial-strategy brings bells into it.
import { giveUp, sentence } from "../../src/errors.ts";
import type { ConferenceSettings } from "../../src/visit/rooms.ts";
import { soundNamed } from "../../src/visit/sounds.ts";
import type { Config, Red, RedNode } from "../red.d.ts";
import { endpointNode, Health, numberOr, onClose, textOr } from "../shared.ts";

export interface RoomConfig extends Config {
  endpoint?: string;
  visitorNumber?: string;
  memberNumber?: string;
  most?: string;
  /** A WAV file or its URL; empty: a tune of our own. */
  music?: string;
  tones?: boolean;
  stay?: boolean;
  /** Extensions, separated by commas or spaces. */
  mayOpen?: string;
}

export interface RoomNode extends RedNode {
  health: Health;
  /** What a strategy calls it. */
  place: string;
}

/** The settings for what stands in the dialog; blank means the default, and a blank number none. */
export function roomForm(config: RoomConfig): ConferenceSettings {
  const [visitorNumber, memberNumber, music] = [config.visitorNumber, config.memberNumber, config.music].map(textOr);
  return {
    name: textOr(config.name) ?? "Conference",
    ...(visitorNumber !== undefined && { visitorNumber }),
    ...(memberNumber !== undefined && { memberNumber }),
    ...(music !== undefined && { music: soundNamed(music) }),
    ...{ most: numberOr(config.most, 10), tones: config.tones === true, stay: config.stay === true },
    mayOpen: (config.mayOpen ?? "").split(/[\s,;]+/).filter(Boolean),
  };
}

export default function (RED: Red): void {
  function ConferenceRoom(this: RoomNode, config: RoomConfig) {
    RED.nodes.createNode(this, config);
    this.health = new Health();
    const endpoint = endpointNode(RED, config.endpoint);
    const form = roomForm(config);
    this.place = form.name;
    let takeAway = () => {};
    try {
      if (!endpoint)
        throw giveUp(
          "no-endpoint",
          `the conference room "${form.name}" has no SIP endpoint: choose one in its dialog and deploy`,
        );
      takeAway = endpoint.switchboard.addRoom(form, `conference room "${form.name}"`);
    } catch (error) {
      this.health.set(sentence(error));
      this.error(sentence(error));
    }
    onClose(this, async () => {
      await endpoint?.lastWords();
      takeAway();
    });
  }
  RED.nodes.registerType("conference-room", ConferenceRoom);
}
