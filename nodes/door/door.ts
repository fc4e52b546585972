// One door station (P6): who it is, where its picture is, how it opens. Gives its settings to the endpoint's switchboard.
import { giveUp, sentence } from "../../src/errors.ts";
import type { Secret } from "../../src/secret.ts";
import { boxesIn } from "../boxes.ts";
import { deviceOptions, type DeviceRow } from "../devices.ts";
import { generatedPassword, instanceSecret } from "../passwords.ts";
import type { Config, Red } from "../red.d.ts";
import { Health, onClose } from "../running.ts";
import { endpointNode } from "../found.ts";
import { textOr } from "../fields.ts";
import { serveAnswering } from "./answering.ts";
import { serveBrowsers } from "./browser.ts";
import { accessOf, type Access, type DoorNode, type DoorCredentials } from "./node.ts";
import { serveCameras } from "./cameras.ts";
import { checkedDoor, servePresets } from "./presets.ts";
import { serveHooks } from "./hooks.ts";
import { serveLive } from "./live.ts";
import { openingForm, serveOpening, type OpeningConfig } from "./opening.ts";
import { reportForm, type ReportConfig } from "./reports.ts";
import { slugOf } from "../../src/slug.ts";

export interface DoorConfig extends Config, ReportConfig, OpeningConfig, Omit<DeviceRow, "dndStatus"> {
  endpoint?: string;
  slug?: string;
  preset?: string;
  extension?: string;
  login?: string;
  address?: string;
  sipPort?: string;
  imageUrl?: string;
  videoUrl?: string;
  pictureSources?: string[];
  pictureTimeout?: string;
  keepPicture?: string;
  masks?: string;
  verifyTls?: boolean;
  pin?: string;
  answererDigits?: string;
  bounceSeconds?: string;
  pressInTalk?: string;
  /** Empty: as the make has it. */
  oneCall?: "on" | "off" | "";
  buttons?: { number?: string; name?: string }[];
  buttonFrom?: string;
  buttonHeader?: string;
  hangUpAfterOpening?: string;
  longestTalk?: string;
  mediaTimeout?: string;
  liveAlways?: boolean;
  liveSound?: boolean;
  liveWarm?: string;
  clipSeconds?: string;
  /** What browsers may; absent: nothing. */
  browsers?: Access;
  /** The extension that its pages answer as; absent or empty: they answer nothing. */
  answerAs?: string;
}

/**
 * The form as checkDoor wants it. `generated` is the password where the form has none; the simulated bell opens with the
 * code of P6 unless it is given another, so that examples, which hold no codes, can open a door.
 */
export function doorForm(config: DoorConfig, credentials: Partial<DoorCredentials>, generated: Secret): object {
  const { login, address, imageUrl, videoUrl, verifyTls, pin, extension, answererDigits } = config;
  const preset = textOr(config.preset) ?? "generic";
  return {
    id: textOr(config.slug) ?? slugOf(config.name ?? ""),
    name: textOr(config.name) ?? "Door",
    ...{ preset, extension: textOr(extension), login, address, imageUrl, videoUrl, pin, answererDigits },
    password: textOr(credentials.password) ?? generated,
    code: textOr(credentials.code) ?? (preset === "simulated" ? "1234" : ""),
    cameraUsername: credentials.cameraUsername,
    cameraPassword: credentials.cameraPassword,
    verifyTls: verifyTls !== false,
    ...picturesIn(config),
    liveAlways: config.liveAlways === true,
    liveSound: config.liveSound === true,
    ...pressForm(config),
    ...openingForm(config, credentials.relayCodes),
    ...numbersIn(config),
    ...reportForm(config),
  };
}

/** A mask that cannot be read is left as it is, to be refused: no picture leaves without it. */
function picturesIn({ pictureSources = [], masks }: DoorConfig): object {
  const hidden = textOr(masks) ?? "";
  return { ...(pictureSources.length > 0 && { pictureSources }), masks: boxesIn(hidden) ?? hidden };
}

/** What of its fields with numbers is filled in. */
function numbersIn(config: DoorConfig): object {
  const fields = [
    ...(["hangUpAfterOpening", "longestTalk", "mediaTimeout", "pictureTimeout", "keepPicture"] as const),
    ...(["liveWarm", "clipSeconds", "sipPort"] as const),
  ];
  return Object.fromEntries(fields.map((name) => [name, numberIn(config[name])]));
}

const numberIn = (field: string | undefined): number | undefined => {
  const given = textOr(field);
  return given === undefined ? undefined : Number(given);
};

function pressForm({
  bounceSeconds,
  pressInTalk,
  oneCall,
  buttons = [],
  buttonFrom,
  buttonHeader,
}: DoorConfig): object {
  return {
    ...{ pressInTalk, buttonFrom, buttonHeader: textOr(buttonHeader) },
    bounceSeconds: numberIn(bounceSeconds),
    oneCall: oneCall ? oneCall === "on" : undefined,
    buttons: buttons.flatMap(({ number, name }) => {
      const own = textOr(number);
      return own === undefined ? [] : [{ number: own, name: textOr(name) ?? own }];
    }),
  };
}

export default function (RED: Red): void {
  const endPages = serveBrowsers(RED);
  const endPhones = serveAnswering(RED);
  const hookUp = serveHooks(RED);
  serveLive(RED);
  const readPresets = servePresets(RED);
  function Door(this: DoorNode, config: DoorConfig) {
    RED.nodes.createNode(this, config);
    this.health = new Health();
    this.endpoint = endpointNode(RED, config.endpoint);
    this.label = textOr(config.name) ?? "Door";
    this.slug = textOr(config.slug) ?? slugOf(this.label);
    this.access = accessOf(config.browsers);
    this.answerAs = textOr(config.answerAs);
    let takeAway = () => {};
    let unheard = () => {};
    try {
      if (!this.endpoint) {
        throw giveUp(
          "no-endpoint",
          `the door "${this.label}" has no SIP endpoint: choose one in its dialog and deploy`,
        );
      }
      const secret = instanceSecret(RED.settings.userDir);
      const generated = generatedPassword(secret, this.id, textOr(config.extension) ?? "");
      const settings = checkedDoor(doorForm(config, this.credentials, generated), readPresets());
      const who = `door "${this.label}"`;
      takeAway = this.endpoint.switchboard.addDoor(settings, who, deviceOptions(config, who));
      this.settings = settings;
      const { switchboard } = this.endpoint;
      const unhook = hookUp(this, config, (report) => {
        switchboard.reported(this.slug, report, "hook");
      });
      // Who follows the door shows why it does not tell what happens.
      const polled = (door: string, trouble?: string) => {
        if (door === this.slug) this.health.set(trouble);
      };
      switchboard.on("poll", polled);
      unheard = () => {
        unhook();
        switchboard.off("poll", polled);
      };
    } catch (error) {
      this.health.set(sentence(error));
      this.error(sentence(error));
    }
    onClose(this, async () => {
      endPages(this);
      unheard();
      await this.endpoint?.lastWords();
      takeAway();
      // Behind what their calls are told.
      endPhones(this);
    });
  }
  RED.nodes.registerType("door", Door, {
    credentials: {
      password: { type: "password" },
      code: { type: "password" },
      relayCodes: { type: "password" },
      cameraUsername: { type: "text" },
      cameraPassword: { type: "password" },
    },
  });

  serveCameras(RED);
  serveOpening(RED);
}
