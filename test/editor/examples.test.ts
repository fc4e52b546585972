// Every example of the import menu in a real Node-RED: imported, deployed, pressed, and what it shows. All of them are there
// at once, each with a door of its own, as in a house that has many.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { freePorts } from "../support/ports.ts";
import type { Status } from "./comms.ts";
import { House, type FlowNode } from "./house.ts";

const files = readdirSync(new URL("../../examples/", import.meta.url)).map((file) => file.replace(".json", ""));
const commonDoor = "9a0e100000000002";
/** Its topics name the door. */
const withTopics = "open-the-door-by-mqtt";
type Facts = Readonly<Record<string, unknown>>;

/** One example in the running house; its nodes are found by what one reads on them. */
class Tab {
  readonly #house: House;
  readonly nodes: readonly FlowNode[];
  #since = 0;

  constructor(house: House, nodes: readonly FlowNode[]) {
    this.#house = house;
    this.nodes = nodes;
  }

  #id(type: string, name: string): string {
    const fits = (node: FlowNode) => [node["name"], node["extension"], node["role"]].includes(name);
    return this.nodes.find((node) => node.type === type && fits(node))?.id ?? assert.fail(`no ${type} "${name}"`);
  }

  /** The button of an inject node. What came before does not count any more. */
  async inject(name: string): Promise<void> {
    this.#since = this.#house.comms.now;
    await this.#house.inject(this.#id("inject", name));
  }

  /** What a debug node shows since the last button, and pleases `wanted`. */
  async shows(name: string, wanted: (value: unknown) => boolean = () => true): Promise<unknown> {
    return this.#house.comms.debug(this.#id("debug", name), wanted, { since: this.#since });
  }

  /** The same of an object with these fields. */
  async says(name: string, wanted: Facts): Promise<Facts> {
    const fits = (value: unknown) =>
      Object.entries(wanted).every(([field, fact]) => (value as Facts | undefined)?.[field] === fact);
    return (await this.shows(name, fits)) as Facts;
  }

  /** What a node's status says since the last button. */
  async status(type: string, name: string, wanted: RegExp): Promise<Status> {
    const fits = ({ text = "" }: Status) => wanted.test(text);
    return this.#house.comms.status(this.#id(type, name), fits, { since: this.#since });
  }

  /** A page of the example, as whoever reaches Node-RED gets it. */
  async fetches(path: string): Promise<string> {
    return (await fetch(new URL(path, this.#house.ready.editor))).text();
  }

  /** Waits until a simulated device does. */
  rings = (extension: string) => this.status("doorbell-sim", extension, /ringing/);
}

/** A tone of so many hertz was heard. */
const tone = (least: number, most: number) => (value: unknown) => {
  const { frequency = 0 } = value as { frequency?: number };
  return frequency >= least && frequency <= most;
};

/** What one does with the example, and what one sees then. */
const runs: { readonly [file: string]: (tab: Tab) => Promise<void> } = {
  "a-dial-plan-in-one-node": async (tab) => {
    await tab.inject("press");
    await tab.shows("whose turn it is", (value) => String((value as { targets?: unknown }).targets) === "6061,6062");
    const { kind, seconds } = await tab.says("the message", { kind: "message" });
    assert.deepEqual([kind, Math.round(Number(seconds))], ["message", 5]);
    const { strategy, tries } = await tab.says("ended", { outcome: "unanswered" });
    assert.deepEqual([strategy, tries], ["steps", 2]);
  },
  "a-door-that-stays-open": async (tab) => {
    await tab.inject("the door opens");
    await tab.says("the door", { contact: "open" });
    await tab.says("please close it", { seconds: 3 });
    await tab.inject("the door closes");
    await tab.says("the door", { contact: "closed" });
    await tab.inject("a press by HTTP");
    await tab.says("somebody is here", { by: "flow" });
  },
  "a-greeting-for-the-visitor": async (tab) => {
    await tab.inject("press");
    // The gong, ring-back or the three tones: a device tells what it hears once a second, and a busy machine less often.
    await tab.shows("heard at the door", tone(415, 1850));
    await tab.says("hung up", { ok: true });
  },
  "a-message-when-nobody-is-at-home": async (tab) => {
    await tab.inject("press");
    await tab.shows(
      "a WAV file",
      (value) => (value as { filename?: string }).filename?.endsWith("-message.wav") === true,
    );
  },
  "address-list": async (tab) => {
    await tab.status("doorbell-sim", "1201", /registered/);
    await tab.inject("as a table");
    const table = String(await tab.shows("the table"));
    assert.match(table, /^number,name,kind,registered,contacts\r\n/);
    assert.match(table, /^1201,Kitchen,extension,true,1\r$/m);
    assert.match(table, /^1200,The whole house,group,/m);
    const book = await tab.fetches("phonebook.xml");
    assert.match(book, /^<\?xml [^]*<YealinkIPPhoneDirectory>[^]*<Name>Study<\/Name>\s*<Telephone>1202</);
  },
  "answer-from-the-dashboard": async (tab) => {
    await tab.inject("press");
    await tab.rings("bell");
  },
  conference: async (tab) => {
    await tab.inject("press");
    await tab.inject("kitchen dials 888");
    await tab.says("answered", { by: "6031" });
    await tab.inject("study dials 888");
    await tab.says("joined, left, keys", { by: "6032" });
    await tab.inject("kitchen hangs up");
    await tab.says("joined, left, keys", { by: "6031" });
    await tab.inject("study hangs up");
    await tab.says("ended", { outcome: "answered" });
  },
  "courier-window": async (tab) => {
    await tab.inject("expect a courier");
    const { name, uses } = await tab.says("the code", { name: "courier" });
    assert.deepEqual([name, uses], ["courier", 1]);
    await tab.inject("press");
    await tab.status("doorbell-in", "", /courier window/);
    await tab.inject("the courier types it");
    await tab.says("the bell's relay", { state: "on" });
    const { as } = await tab.says("opened", { ok: true });
    assert.deepEqual(as, { kind: "code", name: "courier" });
    await tab.says("ended", { outcome: "stopped" });
  },
  dashboard: async (tab) => {
    await tab.inject("press");
    await tab.status("camera-snapshot", "", / KB in /);
  },
  "home-assistant": async (tab) => {
    await tab.shows("what Home Assistant is told", (value) => String(value).includes("open (button)"));
    await tab.inject("press");
    await tab.shows("rings");
    await tab.inject("Open");
    await tab.says("the bell's relay", { state: "on" });
  },
  "in-waves": async (tab) => {
    await tab.inject("press");
    await tab.rings("6054");
    const { by, parties } = await tab.says("answered", { by: "6054" });
    const told = (parties as { target: string; result: string }[]).map(({ target, result }) => `${target} ${result}`);
    assert.deepEqual([by, told.sort().slice(0, 2)], ["6054", ["6053 cancelled", "6054 answered"]]);
  },
  "live-view": async (tab) => {
    await tab.inject("press");
    await tab.rings("bell");
  },
  "many-flats": async (tab) => {
    await tab.inject("press Sato");
    await tab.shows("rings for", (name) => name === "Sato");
    await tab.says("answered", { by: "1102" });
  },
  "menu-for-the-visitor": async (tab) => {
    await tab.inject("press");
    await tab.shows("the menu is heard");
    await tab.inject("key 1");
    await tab.says("has the visitor", { by: "6021" });
  },
  "notify-a-phone": async (tab) => {
    await tab.inject("press");
    await tab.shows("notify", (value) => /^http:\/\/127\.0\.0\.1:\d+\/portero\/open\//.test(String(value)));
    await tab.inject("look at the link");
    await tab.shows("the page", (value) => String(value).includes("<button>Open</button>"));
    await tab.inject("tap on Open");
    await tab.says("the bell's relay", { state: "on" });
  },
  "one-after-the-other": async (tab) => {
    await tab.inject("press");
    await tab.rings("6051");
    const { by, tries } = await tab.says("answered", { by: "6052" });
    assert.deepEqual([by, tries], ["6052", 2]);
  },
  "open-by-signed-request": async (tab) => {
    await tab.inject("press");
    await tab.rings("bell");
    await tab.inject("open");
    await tab.says("what became of it", { ok: true });
    await tab.says("the bell's relay", { state: "on" });
  },
  "open-the-door-by-mqtt": async (tab) => {
    await tab.inject("press");
    await tab.rings("bell");
    await tab.inject("PRESS");
    await tab.says("the bell's relay", { state: "on" });
  },
  "park-and-fetch": async (tab) => {
    await tab.inject("press");
    await tab.says("where", { slot: "701" });
    await tab.inject("kitchen dials 555");
    await tab.says("fetched", { by: "6041" });
    await tab.inject("kitchen hangs up");
    await tab.says("ended", { outcome: "answered" });
  },
  "press-notify-with-snapshot": async (tab) => {
    await tab.inject("press");
    await tab.shows("notify", (value) => String(value).startsWith("Somebody is at "));
    await tab.shows("notify with the picture");
  },
  "redial-in-one-node": async (tab) => {
    await tab.inject("press");
    await tab.shows("tries", (value) => value === "2");
    await tab.inject("decline");
    await tab.says("given up", { result: "rejected", tries: 2 });
  },
  "redial-loop": async (tab) => {
    await tab.inject("press");
    await tab.shows("tries", (value) => value === "1");
    await tab.rings("6005");
    await tab.inject("answer");
    await tab.says("answered", { by: "6005" });
  },
  "redial-with-an-announcement": async (tab) => {
    await tab.inject("press");
    await tab.shows("heard at the door", tone(900, 1850));
    await tab.shows("tries", (value) => value === "2");
    await tab.rings("6057");
    await tab.inject("answer");
    await tab.says("answered", { by: "6057" });
  },
  "ring-phones": async (tab) => {
    await tab.inject("press");
    await tab.rings("6004");
    await tab.says("answered", { by: "6003" });
  },
  "silent-at-night": async (tab) => {
    await tab.inject("night");
    await tab.inject("press");
    await tab.says("refused", { result: "refused" });
    await tab.inject("day");
    await tab.inject("press");
    await tab.says("answered", { by: "6060" });
  },
  "telephone-line-as-the-last-step": async (tab) => {
    await tab.says("bell and account come", { account: "provider", state: "registered" });
    await tab.inject("press");
    await tab.says("answered", { by: "0301234@provider" });
  },
  "the-whole-way": async (tab) => {
    await tab.says("outcome", { by: "6001" });
  },
  "until-somebody-answers": async (tab) => {
    await tab.inject("press");
    await tab.shows("heard at the door", tone(415, 435));
    await tab.inject("kitchen declines");
    await tab.inject("study answers");
    await tab.says("answered", { by: "6059" });
  },
  "visit-log": async (tab) => {
    await tab.inject("press");
    await tab.rings("bell");
    await tab.inject("the visitor goes away");
    await tab.status("doorbell-sim", "bell", /registered/);
    await tab.inject("the last ten visits");
    await tab.shows("visits", (found) =>
      (found as Facts[]).some(({ door, outcome }) => door === "visit-log" && outcome === "cancelled"),
    );
    assert.match(await tab.fetches("last-visits"), /<figcaption>20\S+Z visit-log: cancelled <\/figcaption>/);
  },
};

/** A score of simulated cameras take their time to start: their pictures are asked for when the others have been pressed. */
const withPictures = ["dashboard", "press-notify-with-snapshot"];

describe("The examples, imported and pressed", () => {
  let house: House;
  const tabs = new Map<string, Tab>();
  before(async () => {
    house = await House.start({ flow: [] });
    const [port = 0] = await freePorts(1);
    const flow = new Map<string, FlowNode>();
    for (const [nth, file] of files.entries()) {
      const text = JSON.stringify(await house.admin("GET", `library/examples/flows/@portero/node-red/${file}`));
      const own = JSON.parse(text.replaceAll(commonDoor, `d00${String(nth).padStart(13, "0")}`)) as FlowNode[];
      for (const node of own) flow.set(node.id, settled(node, file, 8000 + nth));
      // What a user copies from the dialog into the tab.
      const bridge = own.find(({ keys }) => keys !== undefined);
      const [key] = (bridge?.["keys"] as { id: string }[] | undefined) ?? [];
      const sheet = own.find(({ type }) => type === "tab");
      if (bridge && key && sheet) {
        const { secret } = (await house.admin("GET", `portero/mqtt-key/${bridge.id}/${key.id}`)) as { secret: string };
        const env = (sheet["env"] as { name: string }[]).map((one) =>
          one.name === "DOOR" ? { ...one, value: file } : one,
        );
        flow.set(sheet.id, { ...sheet, env, credentials: { DOOR_KEY: secret } });
      }
      tabs.set(file, new Tab(house, own));
    }
    // This machine's ports.
    function settled(node: FlowNode, file: string, extension: number): FlowNode {
      if (node.type === "door") return { ...node, slug: file === withTopics ? "" : file, extension: String(extension) };
      if (node.type === "mqtt-broker") return { ...node, port: new URL(house.ready.mqtt).port };
      if (node.type === "debug") return { ...node, active: true };
      // Half a minute is what its visitor has, and more than there is to see.
      if (node["message"] === "flow") return { ...node, seconds: "3", messageSeconds: "3" };
      const ports = node["rtpFrom"] === "31000" ? { rtpFrom: "0", rtpTo: "0" } : {};
      return node["port"] === "5070" ? { ...node, ...ports, port: String(port) } : node;
    }
    await house.deploy([...flow.values()]);
    for (const node of flow.values())
      if (node.type === "doorbell-sim") await house.comms.status(node.id, ({ fill }) => fill === "green");
  });
  after(() => house.end());

  it("have a run each, and no run is without its example", () => assert.deepEqual(Object.keys(runs), files));

  const run = (which: (file: string) => boolean) => () => {
    for (const file of files.filter(which))
      it(file, async () => {
        const [tab, play] = [tabs.get(file), runs[file]];
        assert.ok(tab && play, "name it in the table of runs");
        await play(tab);
      });
  };
  const isLate = (file: string) => withPictures.includes(file);
  describe(
    "five at a time",
    { concurrency: 5 },
    run((file) => !isLate(file)),
  );
  describe("then those with a picture", run(isLate));
});
