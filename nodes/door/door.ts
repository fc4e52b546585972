// One door station (P6): who it is, where its picture is, how it opens. Gives its settings to the endpoint's switchboard.
import { giveUp, sentence } from "../../src/errors.ts";
import { deviceOptions } from "../devices.ts";
import { generatedPassword, instanceSecret } from "../passwords.ts";
import type { Red } from "../red.d.ts";
import { Health, onClose } from "../running.ts";
import { endpointNode } from "../found.ts";
import { textOr } from "../fields.ts";
import { serveAnswering } from "./answering.ts";
import { serveBrowsers } from "./browser.ts";
import { doorForm, slugIn, type DoorConfig } from "./form.ts";
import { accessOf, type DoorNode } from "./node.ts";
import { serveCameras } from "./cameras.ts";
import { checkedDoor, servePresets } from "./presets.ts";
import { serveHooks } from "./hooks.ts";
import { serveLive } from "./live.ts";
import { serveOpening } from "./opening.ts";

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
    this.slug = slugIn(config);
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
