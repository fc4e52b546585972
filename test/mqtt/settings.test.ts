import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { checkMqtt } from "../../src/mqtt/settings.ts";
import { Secret } from "../../src/secret.ts";
import { Topics } from "../../src/mqtt/topics.ts";
import { slugOf } from "../../src/slug.ts";

const secret = new Secret("x".repeat(32));
const url = "mqtt://broker.lan:1883";

describe("The settings of an MQTT bridge", () => {
  it("have safe defaults", () => {
    const defaults = {
      ...{ url, keepAlive: 30, base: "doorbell", commands: "visit", keys: [], signedOnly: false },
      ...{ snapshots: false, base64: false, messages: [], clearRetained: false },
      ...{ discovery: "off", discoveryPrefix: "homeassistant", openAs: "button" },
    };
    assert.deepEqual(checkMqtt({ url }), defaults);
    assert.deepEqual(checkMqtt({ url, username: "", clientId: "" }), defaults);
  });

  it("P7 take user and password out of the URL, and print neither", () => {
    const settings = checkMqtt({ url: "mqtt://me:gehe%2Fim@broker.lan:1883" });
    assert.deepEqual([settings.url, settings.username, settings.password?.reveal()], [url, "me", "gehe/im"]);
    assert.doesNotMatch(inspect(settings) + JSON.stringify(settings), /gehe/);
  });

  for (const [what, settings, sentence] of [
    ["no broker's URL", { url: "http://me:geheim@h" }, /url is not a broker's address: write it like mqtt:/],
    ["no URL at all", { url: "broker" }, /url is not a broker's address/],
    ["a missing URL", {}, /mqtt-bridge: url is missing/],
    ["a base with wildcards", { url, base: "a/#" }, /base must be a topic such as doorbell/],
    ["a base that ends in a slash", { url, base: "a/" }, /without \/ at its ends/],
    ["a prefix with wildcards", { url, discoveryPrefix: "+" }, /discoveryPrefix must be a topic such as homeassistant/],
    ["a rule that is none", { url, commands: "maybe" }, /commands must be one of off, visit, always \(it is "maybe"\)/],
    ["a password without a user", { url, password: "geheim" }, /username is missing: a broker takes a password only/],
    ["a key without a name", { url, keys: [{ name: "", secret }] }, /a key needs a name of 1 to 64 letters/],
    [
      "two keys of one name",
      {
        url,
        keys: [
          { name: "a", secret },
          { name: "a", secret },
        ],
      },
      /two keys have the name "a"/,
    ],
    ...["MQTT", "mqtt"].map((name): [string, object, RegExp] => [
      `a key named ${name}, as what is not signed is`,
      { url, keys: [{ name, secret }] },
      /no key may have the name "mqtt"/,
    ]),
    [
      "two keys that rights cannot tell apart",
      { url, keys: ["Anna", "anna"].map((name) => ({ name, secret })) },
      /two keys have the name "anna"/,
    ],
    [
      "a short secret",
      { url, keys: [{ name: "a", secret: new Secret("geheim") }] },
      /"a" needs a secret of 32 letters/,
    ],
    ["a version that is none", { url, version: "4" }, /version must be one of 5, 3.1.1/],
    ["no keep-alive", { url, keepAlive: 0 }, /keepAlive must be >= 1/],
    ["TLS settings of somebody else", { url, tls: { port: 1 } }, /tls knows no port: it takes ca, cert/],
  ] as const)
    it(`refuse ${what} with a sentence`, () => {
      assert.throws(
        () => checkMqtt(settings),
        (error: Error) => sentence.test(error.message) && !error.message.includes("geheim"),
      );
    });
});

describe("The topics", () => {
  it("name a door by a slug that is no wildcard", () => {
    assert.deepEqual(
      ["front", "Hintertür 2", "a/b+#", "門"].map((name) => slugOf(name)),
      ["front", "hintertur-2", "a-b", "door"],
    );
    assert.equal(new Topics("home/bell").of("Front Door", "door/result"), "home/bell/front-door/door/result");
  });

  it("are read back for commands only", () => {
    const topics = new Topics("home/bell");
    assert.deepEqual(topics.read("home/bell/front/door/open"), { door: "front", command: "door/open" });
    assert.deepEqual(topics.read("home/bell/front/call/set"), { door: "front", command: "call/set" });
    const relay = topics.read("home/bell/front/relay/gate/open");
    assert.deepEqual(relay, { door: "front", command: "door/open", relay: "gate" });
    assert.equal(topics.ofRelay("front", "gate"), "home/bell/front/relay/gate/open");
    for (const topic of [
      "home/bell/front/relay/open",
      "home/bell/front/relay/a/b/open",
      "home/bell/door/open",
      "home/bell//door/open",
      "home/bell/front/door/result",
      "x/front/door/open",
    ])
      assert.equal(topics.read(topic), undefined, topic);
  });
});
