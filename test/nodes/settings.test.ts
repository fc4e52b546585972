// What stands in dialogs and messages, read by the nodes: right values, and sentences for wrong ones.
import assert from "node:assert/strict";
import { settle } from "../support/clock.ts";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { causesIn } from "../../nodes/dial-strategy/settings.ts";
import { deviceOptions } from "../../nodes/devices.ts";
import { doorForm } from "../../nodes/door/form.ts";
import { slugOf } from "../../src/slug.ts";
import { checkDoor } from "../../src/door/door.ts";
import { Secret } from "../../src/secret.ts";
import { simCommand, type SimNode } from "../../nodes/doorbell-sim/doorbell-sim.ts";
import type { ListenerOptions } from "../../src/sip/transport/flow.ts";
import { endpointOptions } from "../../nodes/sip-endpoint/settings.ts";
import { registrarCommand } from "../../nodes/sip-registrar/sip-registrar.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

describe("sip-endpoint", () => {
  const config = { id: "e", type: "sip-endpoint" };
  const places = (listeners: readonly ListenerOptions[]) =>
    listeners.map((listener) => {
      const open = !("tls" in listener) || listener.tls.own !== undefined;
      return `${listener.transport} ${listener.address} ${open ? listener.port : "to others only"}`;
    });
  it("listens on UDP and TCP 5060 of every address, unless told otherwise", () => {
    const { sip, media } = endpointOptions(config, {});
    assert.deepEqual(places(sip.listeners), ["udp 0.0.0.0 5060", "tcp 0.0.0.0 5060", "tls 0.0.0.0 to others only"]);
    assert.deepEqual(media?.ports, [30000, 30999]);
    assert.equal(endpointOptions(config, { PORTERO_SIP_PORT: "5070" }).sip.listeners[0]?.port, 5070);
    assert.equal(
      endpointOptions({ ...config, port: "5080" }, { PORTERO_SIP_PORT: "5070" }).sip.listeners[0]?.port,
      5080,
    );
    assert.equal(sip.listeners[0]?.advertise, undefined, "each device is told the address by which it reaches us");
    const inContainer = endpointOptions({ ...config, advertise: "192.0.2.9" }, {});
    assert.deepEqual(
      [inContainer.sip.listeners[0]?.advertise, inContainer.media?.advertise],
      ["192.0.2.9", "192.0.2.9"],
    );
  });
  it("X10 keeps 2000 messages to be looked at, unless told otherwise", () => {
    assert.deepEqual(endpointOptions(config, {}).sip.trace, { messages: 2000, bytes: 4_096_000 });
    assert.equal(endpointOptions({ ...config, traceMessages: "0" }, {}).sip.trace?.messages, 0);
  });
  it("lets devices register for an hour, and phones dial 78 and 79, unless told otherwise", () => {
    const usual = endpointOptions(config, {});
    assert.deepEqual(usual.sip.expiry, { least: 60, usual: 3600, most: 7200 });
    assert.deepEqual([usual.dndCodes, usual.devices], [{ on: "78", off: "79" }, {}]);
    const own = { expiryLeast: "30", expiryUsual: "90", expiryMost: "120", qualify: "60", dropAfter: "3" };
    const other = endpointOptions(
      { ...config, ...own, dndOn: "*60", dndOff: "off", dndStatus: "603", encryption: "optional" },
      {},
    );
    assert.deepEqual(other.sip.expiry, { least: 30, usual: 90, most: 120 });
    const devices = { qualifySeconds: 60, qualifyDropAfter: 3, dndStatus: 603, encryption: "optional" };
    assert.deepEqual(other.devices, devices);
    assert.deepEqual(other.dndCodes, { on: "*60" });
  });
  it("says what cannot be of registrations and codes", () => {
    const wrong: [object, RegExp][] = [
      [{ expiryLeast: "5" }, /registration times: least must be >= 10 \(it is 5\)/],
      [{ expiryLeast: "600", expiryUsual: "300" }, /shortest is 600 s, the usual 300 s.*in that order/],
      [{ qualify: "soon" }, /devices are asked every must be a whole number from 0 to 3600 \(it is soon\)/],
      [{ dropAfter: "1000" }, /dropped after must be a whole number from 0 to 100/],
      [{ dndStatus: "200" }, /200 is no status to refuse a call with/],
      [{ dndOn: "7 8" }, /"7 8" cannot be dialled: use a number such as 78, or "off"/],
      [{ dndOn: "79" }, /do not disturb is 79 for both on and off/],
    ];
    for (const [fields, says] of wrong) assert.throws(() => endpointOptions({ ...config, ...fields }, {}), says);
  });
  it("says what cannot be", () => {
    assert.throws(() => endpointOptions({ ...config, port: "70000" }, {}), /port must be a whole number/);
    assert.throws(() => endpointOptions({ ...config, maxCalls: "0" }, {}), /calls at once must be a whole number/);
    assert.equal(endpointOptions({ ...config, maxCalls: "20" }, {}).sip.maxCalls, 20);
    assert.throws(
      () => endpointOptions({ ...config, statsSeconds: "-1" }, {}),
      /two figures of a call must be a whole/,
    );
    assert.equal(endpointOptions({ ...config, statsSeconds: "10" }, {}).media?.statsSeconds, 10);
    assert.equal(endpointOptions(config, {}).media?.statsSeconds, undefined);
    assert.throws(() => endpointOptions({ ...config, udp: false, tcp: false }, {}), /all off/);
    assert.throws(
      () => endpointOptions({ ...config, traceMessages: "many" }, {}),
      /messages kept must be a whole number/,
    );
    const files = { certificateFile: "c.pem", keyFile: "k.pem" };
    for (const [wish, sentence] of [
      [{ bind: "localhost" }, /"localhost" is no IP address to listen at: write 0\.0\.0\.0, :: or both/],
      [{ tls: true }, /TLS and WSS need a certificate: name the files of a certificate and its key, or make one/],
      [{ wss: true, certificate: "uploaded" as const }, /upload a certificate and its key/],
      [{ tls: true, certificateFile: "c.pem" }, /there is a certificate, but no key: give both, or none/],
      [{ tls: true, ...files, tlsPort: "x" }, /port for TLS must be a whole number/],
      [{ tls: true, ...files, clients: "required" as const }, /give the authority that signs them/],
    ] as const)
      assert.throws(() => endpointOptions({ ...config, ...wish }, {}), { code: "invalid", message: sentence });
    assert.throws(() => endpointOptions({ ...config, rtpFrom: "4000", rtpTo: "3000" }, {}), /turn them round/);
  });

  it("leaves the media to rtpengine where that is chosen, and wants to know where it is", () => {
    const of = (wish: object) => endpointOptions({ ...config, ...wish }, {}).media?.rtpengine;
    const two = "127.0.0.1:2223, media.example.com";
    assert.equal(of({}), undefined);
    assert.equal(of({ engine: "", rtpengine: two }), undefined);
    assert.deepEqual(of({ engine: "rtpengine", rtpengine: two }), ["127.0.0.1:2223", "media.example.com"]);
    assert.throws(() => of({ engine: "rtpengine" }), /say where rtpengine is: the host and port of its ng protocol/);
    assert.throws(() => of({ engine: "rtpengine", rtpengine: "udp:1.2.3.4:5" }), /"udp:1\.2\.3\.4:5" is no address/);
    const digitsOf = (wish: object) =>
      endpointOptions({ ...config, rtpengine: two, ...wish }, {}).media?.rtpengineDigits;
    const at = { rtpengineDigits: " 127.0.0.1:2224 " };
    assert.deepEqual([digitsOf({ engine: "rtpengine" }), digitsOf({ engine: "", ...at })], [undefined, undefined]);
    assert.equal(digitsOf({ engine: "rtpengine", ...at }), "127.0.0.1:2224");
    assert.throws(
      () => digitsOf({ engine: "rtpengine", rtpengineDigits: "hall" }),
      /rtpengineDigits: "hall" is no address/,
    );
  });
});

describe("sip-endpoint: every transport at every address", () => {
  const config = { id: "e", type: "sip-endpoint" };
  const all = { ...config, tls: true, ws: true, wss: true, certificateFile: "c.pem", keyFile: "k.pem" };
  it("has a port of its own for each, UDP and TCP sharing one, and the address known for each family", () => {
    const { sip, media } = endpointOptions({ ...all, bind: "0.0.0.0, ::", advertise: "192.0.2.9, 2001:db8::9" }, {});
    assert.deepEqual(
      sip.listeners.map(({ transport, port, advertise }) => `${transport} ${port} ${advertise}`),
      ["udp 5060", "tcp 5060", "ws 8088", "tls 5061", "wss 8089"].flatMap((one) => [
        `${one} 192.0.2.9`,
        `${one} 2001:db8::9`,
      ]),
    );
    assert.equal(media?.bind, "::");
  });
  it("is known by the ports that a container's host passes on, where they are others", () => {
    const { sip } = endpointOptions({ ...all, advertisePort: "15060", advertiseTlsPort: "15061" }, {});
    assert.deepEqual(
      sip.listeners.map(({ transport, port, advertisePort }) => [transport, port, advertisePort]),
      [
        ["udp", 5060, 15060],
        ["tcp", 5060, 15060],
        ["ws", 8088, undefined],
        ["tls", 5061, 15061],
        ["wss", 8089, undefined],
      ],
    );
    for (const advertisePort of ["0", "70000", "x"])
      assert.throws(() => endpointOptions({ ...all, advertisePort }, {}), {
        message: `sip-endpoint: the port it is known by must be a whole number from 1 to 65535 (it is ${advertisePort})`,
      });
  });
  it("takes certificate, key and authority from files, or from what was uploaded; the key does not show", () => {
    const tlsOf = (found: ReturnType<typeof endpointOptions>) => {
      const listener = found.sip.listeners.find(({ transport }) => transport === "tls");
      return listener && "tls" in listener ? listener.tls : undefined;
    };
    const pins = "AA:BB\n\ncc";
    const inFiles = tlsOf(endpointOptions({ ...all, clients: "required", caFile: "ca.pem", pins }, {}));
    assert.deepEqual(inFiles, {
      ...{ clients: "required", pins: ["AA:BB", "cc"], ca: { file: "ca.pem" } },
      own: { certificate: { file: "c.pem" }, key: { file: "k.pem" } },
    });
    const secrets = { uploadedCertificate: "CERT", uploadedKey: "KEY", uploadedCa: "CA" };
    const uploaded = tlsOf(endpointOptions({ ...all, certificate: "uploaded" }, {}, secrets));
    assert.deepEqual([uploaded?.own?.certificate, uploaded?.ca], [{ pem: "CERT" }, { pem: "CA" }]);
    assert.doesNotMatch(JSON.stringify(uploaded), /KEY/);
  });
});

describe("the options of a device", () => {
  const read = (row: Parameters<typeof deviceOptions>[0]) => deviceOptions(row, "extension 6001");
  it("H1: hold what is special about a device, and nothing where the fields are blank", () => {
    assert.deepEqual(read({ codecs: " ", encryption: "", directMedia: "", rport: "", qualify: "", dndStatus: "" }), {});
    assert.deepEqual([read({ maxCalls: "1" }), read({ maxCalls: "" })], [{ maxCalls: 1 }, {}]);
    assert.deepEqual(
      [read({ directMedia: "on" }), read({ directMedia: true }), read({ directMedia: false })],
      [...[{ directMedia: true }, { directMedia: true }, {}]],
    );
    assert.deepEqual(
      read({
        codecs: "PCMU, PCMA H264",
        encryption: "required",
        webrtc: "off",
        rport: "off",
        qualify: "0",
        dropAfter: "2",
        dndStatus: "480",
        ...{ dtmf: "info-dtmf", dtmfMs: "80", dtmfGapMs: "500", dtmfTones: true },
      }),
      {
        ...{ codecs: ["PCMU", "PCMA", "H264"], encryption: "required", webrtc: "off", rport: false },
        ...{ qualifySeconds: 0, qualifyDropAfter: 2, dndStatus: 480 },
        ...{ dtmf: "info-dtmf", dtmfMs: 80, dtmfGapMs: 500, dtmfTones: true },
      },
    );
  });
  it("say which codec, encryption or method is none, and which there are", () => {
    assert.throws(() => read({ encryption: "dtls" }), /encryption is one of off, optional, required, not "dtls"/);
    assert.throws(() => read({ webrtc: "on" }), /extension 6001: webrtc is one of off, auto, required, not "on"/);
    assert.throws(() => read({ dtmf: "rfc2833" }), /extension 6001: dtmf is one of auto, rfc4733, info.*not "rfc2833"/);
    assert.throws(() => read({ codecs: "G729" }), /extension 6001: "G729" is no codec; there are PCMA/);
  });
});

describe("sip-registrar's input", () => {
  it("reads commands from topic and payload", () => {
    assert.deepEqual(registrarCommand({ topic: "list" }), { action: "list" });
    assert.deepEqual(registrarCommand({ payload: { action: "remove", extension: "6001" } }), {
      action: "remove",
      extension: "6001",
    });
    assert.deepEqual(registrarCommand({ topic: "remove", payload: "6001" }), { action: "remove", extension: "6001" });
    assert.deepEqual(registrarCommand({ topic: "dnd", payload: { extension: "6001", on: false } }), {
      ...{ action: "dnd", extension: "6001", on: false },
    });
  });
  it("says what a command looks like", () => {
    assert.deepEqual(registrarCommand({ topic: "findings" }), { action: "findings" });
    assert.deepEqual(registrarCommand({ topic: "ladder", visit: { id: "v" } }), { action: "ladder", of: "v" });
    assert.throws(() => registrarCommand({ topic: "ladder" }), /of which call/);
    assert.throws(() => registrarCommand({ topic: "remove" }), /which extension/);
    assert.throws(() => registrarCommand({ topic: "dnd", payload: { extension: "6001" } }), /on or off/);
    assert.throws(
      () => registrarCommand({ payload: { nonsense: 1 } }),
      /knows list, remove, dnd, findings, ladder, message, bans and lift/,
    );
  });
});

it("A1 a door's SIP port is that of the make's usual one where it is blank", () => {
  const config = { id: "d", type: "door", name: "Front", extension: "503", address: "192.168.1.20" };
  const port = (sipPort?: string) =>
    checkDoor(doorForm({ ...config, ...(sipPort === undefined ? {} : { sipPort }) }, {}, new Secret("made"))).sipPort;
  assert.deepEqual([port(), port(" "), port("5062")], [undefined, undefined, 5062]);
  assert.throws(
    () => port("70000"),
    /sipPort must be <= 65535 .it is 70000.: enter a port from 1 to 65535, such as 5062/,
  );
});

describe("a door's presses", () => {
  const config = { id: "d", type: "door", name: "Front", extension: "503" };
  const read = (more: object) => {
    const door = checkDoor(doorForm({ ...config, ...more }, {}, new Secret("generated")));
    const { bounceSeconds, pressInTalk, oneCall, buttons, buttonFrom, buttonHeader } = door;
    return { bounceSeconds, pressInTalk, oneCall, buttons, buttonFrom, buttonHeader };
  };
  it("are those of an older flow where nothing is set", () => {
    const nothing = { bounceSeconds: undefined, pressInTalk: undefined, oneCall: undefined, buttons: [] };
    assert.deepEqual(read({}), { ...nothing, buttonFrom: undefined, buttonHeader: undefined });
  });
  it("are read from the dialog: a blank is the make's, a button without a name is called by its number", () => {
    const set = { pressInTalk: "wait", buttonFrom: "header", buttonHeader: " X-Button " };
    const buttons = [{ number: "201", name: "Meier" }, { number: " 202 ", name: "" }, { name: "nobody" }];
    assert.deepEqual(read({ ...set, bounceSeconds: "0.5", oneCall: "off", buttons }), {
      ...{ ...set, buttonHeader: "X-Button", bounceSeconds: 0.5, oneCall: false },
      buttons: [
        { number: "201", name: "Meier" },
        { number: "202", name: "202" },
      ],
    });
    assert.deepEqual([read({ oneCall: "on" }).oneCall, read({ oneCall: "" }).oneCall], [true, undefined]);
    assert.throws(() => read({ bounceSeconds: "soon" }), /bounceSeconds must be number/);
  });
});

describe("doorbell-sim's input", () => {
  it("reads commands", () => {
    assert.deepEqual(simCommand({ payload: "press" }), { action: "press" });
    assert.deepEqual(simCommand({ payload: "decline" }), { action: "decline" });
    assert.deepEqual(simCommand({ payload: "Hang up" }), { action: "hangUp" });
    assert.deepEqual(simCommand({ payload: { digits: "12" } }), { action: "digits", digits: "12" });
    assert.deepEqual(simCommand({ topic: "digits", payload: 12 }), { action: "digits", digits: "12" });
    assert.deepEqual(simCommand({ payload: { transfer: 6002 } }), { action: "transfer", to: "6002" });
    assert.deepEqual(simCommand({ payload: { dial: 555 } }), { action: "dial", to: "555" });
    assert.throws(() => simCommand({ payload: "knock" }), /not "knock"/);
  });
});

describe("dial-strategy's settings", () => {
  it("H14: stop causes are a list", () => {
    assert.deepEqual(causesIn("21, 0"), [21, 0]);
    assert.deepEqual(causesIn("17;18  19"), [17, 18, 19]);
    assert.deepEqual(causesIn(""), []);
    assert.deepEqual(causesIn(undefined), [21, 0]);
  });
});

it("a door's short name is made of its name", () => {
  assert.equal(slugOf("Front door"), "front-door");
  assert.equal(slugOf("Haustür (Süd)"), "haustur-sud");
  assert.equal(slugOf("門", "account"), "account");
  // A name of 100 letters is a name; its id has 64 at most, and no hyphen at its end.
  assert.equal(slugOf(`${"a".repeat(63)} ${"b".repeat(36)}`), "a".repeat(63));
  assert.equal(slugOf("門"), "door");
});

describe("a press, when things are not as they should be", () => {
  const bell: FlowNode = { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [["saw"]] };
  const bellIn: FlowNode = {
    id: "in",
    type: "doorbell-in",
    door: "door1",
    wires: [["ring", "dial"], [], [], ["other"]],
  };
  const sinks = ["saw", "ring", "other", "done"].map(sink);

  it("X3: a camera that never answers delays no ring and no answer", async () => {
    const held: Socket[] = [];
    const camera = createServer((socket) => held.push(socket)).listen(0, "127.0.0.1");
    await once(camera, "listening");
    const imageUrl = `http://127.0.0.1:${(camera.address() as AddressInfo).port}/still.jpg`;
    const asked = once(camera, "connection");
    flow = await Flow.load([
      ...[endpoint, { ...frontdoor, preset: "generic", imageUrl }, bell, bellIn, ...sinks],
      { id: "reg", type: "sip-registrar", endpoint: "ep", extensions: [{ number: "6001" }], wires: [[], [], []] },
      { id: "dial", type: "dial-strategy", targets: ["6001"], wires: [["done"], [], []] },
      {
        id: "phone",
        type: "doorbell-sim",
        role: "phone",
        endpoint: "ep",
        extension: "6001",
        autoAnswer: true,
        answerAfter: "0",
      },
    ]);
    for (const device of ["bell", "phone"]) await flow.status(device, (s) => s.fill === "green");
    const [ring, done] = [flow.message("ring"), flow.message("done")];
    await flow.node<SimNode>("bell").press();
    await ring;
    await asked;
    assert.equal(((await done).payload as { result: string }).result, "answered");
    for (const socket of held) socket.destroy();
    camera.close();
    await once(camera, "close");
  });

  it("msg.strategy goes before the dialog; a wrong one is the message's error, and the visit goes on", async () => {
    flow = await Flow.load([
      ...[endpoint, frontdoor, bell, { ...bellIn, wires: [["ring"], [], [], []] }, ...sinks],
      { id: "dial", type: "dial-strategy", targets: ["6001"], wires: [[], ["done"], []] },
    ]);
    await flow.status("bell", (s) => s.fill === "green");
    const ring = flow.message("ring");
    await flow.node<SimNode>("bell").press();
    const msg = await ring;
    const error = once(flow.node("dial"), "call:error");
    flow.node("dial").receive({ ...msg, strategy: { seconds: -1 } });
    const [call] = (await error) as [{ args: [string] }];
    assert.match(call.args[0], /seconds must be >= 1/);
    const done = flow.message("done");
    flow.node("dial").receive({ ...msg, strategy: { targets: ["7001", "7002"] } });
    const outcome = (await done).payload as { parties: { target: string }[] };
    assert.deepEqual(
      outcome.parties.map((party) => party.target),
      ["7001", "7002"],
    );
  });

  it("PORTERO_SIM=off keeps simulated devices silent, and the flow around them free of errors", async () => {
    process.env["PORTERO_SIM"] = "off";
    try {
      flow = await Flow.load([endpoint, frontdoor, bell, ...sinks]);
    } finally {
      delete process.env["PORTERO_SIM"];
    }
    await flow.status("bell", (s) => s.text === "doorbell-sim.status.off");
    let errors = 0;
    flow.node("bell").on("call:error", () => errors++);
    flow.node("bell").receive({ payload: "press" });
    await settle();
    assert.equal(errors, 0);
    await assert.rejects(flow.node<SimNode>("bell").press(), /switched off/);
    assert.equal(flow.node<SimNode>("bell").credentialsForStarter(), undefined);
  });
});
