// What a house knows after a restart: the same endpoint twice on one network, and between them only the folder.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { silent } from "../../../src/log.ts";
import { Secret } from "../../../src/secret.ts";
import { Endpoint } from "../../../src/sip/endpoint.ts";
import type { Contact } from "../../../src/sip/registrar/contact.ts";
import { DoNotDisturb } from "../../../src/visit/numbers/do-not-disturb.ts";
import { Switches } from "../../../src/visit/numbers/switches.ts";
import { Memory } from "../../../src/visit/numbers/memory.ts";
import { house, last, passwordOf, type House } from "../../sip/house.ts";
import { Connection } from "../../sip/network.ts";
import { sdp, type Party } from "../../sip/party.ts";

let folder: string;
/** Closed only when a test is over: a killed process closes nothing. */
let opened: Memory[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "portero-memory-"));
  opened = [];
});
afterEach(async () => {
  for (const memory of opened) await memory.close();
  await rm(folder, { recursive: true, force: true });
});

class Life {
  readonly endpoint: Endpoint;
  readonly dnd = new DoNotDisturb(() => undefined);
  readonly switches = new Switches();
  readonly news: string[] = [];
  memory: Memory | undefined;
  /** The numbers that the flow has. */
  numbers = ["6001", "8000"];

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    const { location } = endpoint;
    location.on("registered", ({ extension }) => this.news.push(`+${extension}`));
    location.on("refreshed", ({ extension }) => this.news.push(`=${extension}`));
    location.on("unregistered", ({ extension }, why) => this.news.push(`-${extension} ${why}`));
  }

  async remember(): Promise<this> {
    const { endpoint, dnd, switches } = this;
    const has = (number: string) => this.numbers.includes(number);
    this.memory = await Memory.open(folder, { endpoint, dnd, switches, clock: endpoint.clock, log: silent, has });
    opened.push(this.memory);
    return this;
  }

  get contacts(): Contact[] {
    return this.endpoint.location.contacts("6001");
  }
}

const first = async (): Promise<House & { life: Life }> => {
  const made = await house();
  return { ...made, life: await new Life(made.endpoint).remember() };
};

/** The process dies without a word, and another takes its place. */
async function reborn(
  { network, clock, life }: House & { life: Life },
  transports = ["udp", "tcp"],
  password = passwordOf("6001"),
): Promise<Life> {
  await life.memory?.written();
  await life.endpoint.close();
  const listeners = transports.map((transport) => ({
    transport: transport as "udp" | "tcp",
    ...{ address: "10.0.0.1", port: 5060 },
  }));
  const endpoint = new Endpoint({ listeners, clock, listen: network.listen });
  await endpoint.start();
  const login = { extension: "6001", login: "6001", maxContacts: 2, password: new Secret(password) };
  endpoint.addExtension(login);
  return new Life(endpoint).remember();
}

const rings = async ({ endpoint, contacts }: Life, phone: Party): Promise<string> => {
  await endpoint.callContact(last(contacts), { from: { number: "8000", name: "Front" }, sdp: sdp(4000) });
  return (await phone.takeRequest("INVITE")).uri;
};

describe("H3 who is registered outlives the process", () => {
  it("is called at once, with no new registration, and told as registered", async () => {
    const made = await first();
    const phone = made.party({ user: "6001", port: 5066 });
    await phone.register("pw6001");
    const before = last(made.life.contacts);
    const life = await reborn(made);
    assert.deepEqual(life.news, ["+6001"]);
    const { flow: _, ...after } = last(life.contacts);
    assert.deepEqual(after, (({ flow: _, ...rest }) => rest)(before));
    assert.equal(await rings(life, phone), `sip:6001@${phone.host}:5066`);
  });

  it("is nobody who has shown another password than the extension has now; which one, no file tells", async () => {
    const made = await first();
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001");
    const life = await reborn(made, ["udp", "tcp"], "changed");
    assert.deepEqual([life.contacts, life.news], [[], []]);
    const [file = ""] = await readdir(folder);
    assert.doesNotMatch(await readFile(join(folder, file), "utf8"), /pw6001|changed/);
    await phone.register("changed", { seq: 50 });
    assert.equal(life.contacts.length, 1);
  });

  it("goes on as if nothing had happened: the next registration refreshes it, an older one is refused", async () => {
    const made = await first();
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { seq: 20 });
    const { id } = last(made.life.contacts);
    const life = await reborn(made);
    await phone.authenticated("REGISTER", "pw6001", { callId: `register-${phone.host}`, seq: 5 });
    await phone.takeResponse(500);
    await phone.register("pw6001", { seq: 30 });
    assert.deepEqual(life.news, ["+6001", "=6001"]);
    assert.equal(last(life.contacts).id, id);
  });

  it("expires when it would have, and is not there after that", async () => {
    const made = await first();
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { expires: 120 });
    await made.clock.advance(60_000);
    const life = await reborn(made);
    await made.clock.advance(59_000);
    assert.equal(life.contacts.length, 1);
    await made.clock.advance(2_000);
    assert.deepEqual(life.news, ["+6001", "-6001 expired"]);
    assert.deepEqual((await reborn({ ...made, life })).contacts, []);
  });

  it("is not there when it expired while nobody ran", async () => {
    const made = await first();
    await made.party({ user: "6001" }).register("pw6001", { expires: 60 });
    await made.life.memory?.written();
    await made.life.endpoint.close();
    await made.clock.advance(61_000);
    assert.deepEqual((await reborn(made)).contacts, []);
  });

  it("is reached through its NAT by the same two addresses as before", async () => {
    const made = await first();
    const phone = made.party({ user: "6001", port: 61234 });
    await phone.authenticated("REGISTER", "pw6001", {
      via: "SIP/2.0/UDP 192.168.178.20;rport;branch=z9hG4bKn",
      headers: { Contact: "<sip:6001@192.168.178.20>", Expires: "300" },
    });
    assert.equal(await rings(await reborn(made), phone), "sip:6001@192.168.178.20");
  });

  it("is called by a new connection, where it was connected and names its own address", async () => {
    const made = await first();
    const phone = made.party({ user: "6001", transport: "TCP" });
    await phone.register("pw6001");
    assert.equal(await rings(await reborn(made), phone), `sip:6001@${phone.host}:5060;transport=tcp`);
    assert.ok(phone.flow instanceof Connection);
  });

  it("is gone where its connection was the only way to it", async () => {
    const made = await first();
    const page = made.party({ user: "6001", transport: "TCP" });
    await page.authenticated("REGISTER", "pw6001", {
      headers: { Contact: "<sip:x@df7jal23ls0d.invalid;transport=ws>", Expires: "300" },
    });
    assert.equal(made.life.contacts.length, 1);
    assert.deepEqual((await reborn(made)).contacts, []);
  });

  it("is gone where a page was there, whose connection alone was proven, whatever way it names", async () => {
    const made = await first();
    const page = made.party({ user: "6001", transport: "TCP" });
    await page.register("pw6001");
    const { flow, ...contact } = last(made.life.contacts);
    const proven = Object.create(flow, { as: { value: "6001" } }) as typeof flow;
    const path = ["<sip:203.0.113.66;lr>"];
    made.life.endpoint.location.put({ ...contact, path, flow: proven }, 2);
    assert.equal(made.life.contacts.length, 1);
    assert.deepEqual((await reborn(made)).contacts, []);
  });

  it("is gone where its transport is switched off now", async () => {
    const made = await first();
    await made.party({ user: "6001" }).register("pw6001");
    assert.deepEqual((await reborn(made, ["tcp"])).contacts, []);
  });

  it("is gone half a minute later where the flow has no such number any more", async () => {
    const made = await first();
    await made.party({ user: "6001" }).register("pw6001", { expires: 3600 });
    const life = await reborn(made);
    life.numbers = [];
    await made.clock.advance(29_000);
    assert.equal(life.contacts.length, 1);
    await made.clock.advance(2_000);
    assert.deepEqual(life.contacts, []);
  });

  it("keeps proxies, ways and the push service, whose secret no other can read", async () => {
    const made = await first();
    const phone = made.party({ user: "6001" });
    const uri = `sip:6001@${phone.host};pn-provider=acme;pn-prid=SECRET`;
    await phone.authenticated("REGISTER", "pw6001", {
      headers: {
        ...{ Contact: `<${uri}>;+sip.instance="<urn:uuid:1>";reg-id=2`, Expires: "300" },
        Path: "<sip:10.0.0.9;lr>",
      },
    });
    const contact = last((await reborn(made)).contacts);
    const { path, instance, regId, push } = contact;
    assert.deepEqual([path, instance, regId], [["<sip:10.0.0.9;lr>"], "<urn:uuid:1>", 2]);
    assert.equal(push?.prid?.reveal(), "SECRET");
  });

  it("is what registered meanwhile, where that is the newer", async () => {
    const made = await first();
    const phone = made.party({ user: "6001" });
    await phone.register("pw6001", { seq: 20, expires: 100 });
    const memory = (life: Life) => life.remember();
    await made.life.memory?.written();
    await made.life.endpoint.close();
    const endpoint = new Endpoint({
      listeners: [{ transport: "udp", address: "10.0.0.1", port: 5060 }],
      ...{ clock: made.clock, listen: made.network.listen },
    });
    await endpoint.start();
    endpoint.addExtension({ extension: "6001", login: "6001", maxContacts: 1, password: new Secret("pw6001") });
    const life = new Life(endpoint);
    await phone.register("pw6001", { seq: 40, expires: 500 });
    await memory(life);
    assert.deepEqual(life.news, ["+6001"]);
    assert.equal(last(life.contacts).cseq, 41);
    assert.equal(last((await reborn({ ...made, life })).contacts).cseq, 41);
  });

  it("passes over what it cannot read", async () => {
    const made = await first();
    await made.party({ user: "6001" }).register("pw6001");
    await made.life.memory?.close();
    await made.life.endpoint.close();
    const [name = ""] = await readdir(folder);
    const kept = await readFile(join(folder, name), "utf8");
    const odd = ['{"k":"contact/x","v":{"extension":6001}}', '{"k":"contact/y"}', '{"k":"dnd/6001","v":7}', "{"];
    await writeFile(join(folder, name), `${kept}${odd.join("\n")}`);
    const life = await reborn({ ...made, life: new Life(made.endpoint) });
    assert.equal(life.contacts.length, 1);
    assert.equal(life.dnd.statusFor("6001"), undefined);
  });
});

describe("A5 who wants no calls outlives the process", () => {
  it("with the status of that time", async () => {
    const made = await first();
    made.life.dnd.switchOn("6001", { by: "6001", status: 603 });
    made.life.dnd.switchOn("6002", { by: "message" });
    made.life.dnd.switchOn("6003", { by: "message" });
    made.life.dnd.switchOff("6003", "message");
    const { dnd } = await reborn(made);
    assert.deepEqual(
      ["6001", "6002", "6003"].map((extension) => dnd.statusFor(extension)),
      [603, 486, undefined],
    );
  });
});
