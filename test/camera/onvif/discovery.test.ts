// Looking for ONVIF devices: who answers, who does not count, and when it ends.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, it } from "node:test";
import { discover, multicast, readMatches, type OpenAsker } from "../../../src/camera/onvif/discovery.ts";
import { readXml, textAt } from "../../../src/camera/onvif/xml.ts";
import { rejects } from "../../http/device.ts";
import { FakeClock } from "../../support/clock.ts";

interface Says {
  readonly relates?: string;
  readonly types?: string;
  readonly scopes?: string;
  readonly addresses?: string;
}

const scopes =
  "onvif://www.onvif.org/type/ptz onvif://www.onvif.org/name/Klingel%20AG onvif://www.onvif.org/hardware/K-1";

const match = (says: Says = {}): Buffer => {
  const {
    relates,
    types = "dn:NetworkVideoTransmitter",
    scopes: own = scopes,
    addresses = "http://192.0.2.7/onvif/d",
  } = says;
  return Buffer.from(
    `<E:Envelope><E:Header>${relates === undefined ? "" : `<w:RelatesTo>${relates}</w:RelatesTo>`}</E:Header><E:Body><d:ProbeMatches>` +
      `<d:ProbeMatch><d:Types>${types}</d:Types><d:Scopes>${own}</d:Scopes><d:XAddrs>${addresses}</d:XAddrs></d:ProbeMatch>` +
      `</d:ProbeMatches></E:Body></E:Envelope>`,
  );
};

const idOf = (probe: Buffer) => textAt(readXml(probe.toString()), "MessageID") ?? "";

/** A network on which `answer` hears each question and may say something. */
function network(answer: (probe: Buffer, card: string, say: (datagram: Buffer, from: string) => void) => void) {
  const seen = { asked: 0, open: 0 };
  const open: OpenAsker = (card, say) => {
    seen.open++;
    return {
      ask: (probe) => {
        seen.asked++;
        answer(probe, card, say);
      },
      close: () => {
        seen.open--;
      },
    };
  };
  return { seen, open };
}

describe("X: WS-Discovery", () => {
  it("asks twice from each card, tells each device once, and ends in time", async () => {
    const clock = new FakeClock();
    const { open, seen } = network((probe, card, say) => {
      say(match({ relates: idOf(probe) }), "192.0.2.7");
      if (card === "198.51.100.1") say(match({ relates: idOf(probe), addresses: "http://192.0.2.10/" }), "192.0.2.10");
    });
    const looking = discover({ clock, open, cards: ["192.0.2.1", "198.51.100.1"] });
    await clock.advance(3_000);
    assert.deepEqual(await looking, [
      { url: "http://192.0.2.7/onvif/d", address: "192.0.2.7", name: "Klingel AG", model: "K-1" },
      { url: "http://192.0.2.10/", address: "192.0.2.10", name: "Klingel AG", model: "K-1" },
    ]);
    assert.deepEqual(seen, { asked: 8, open: 0 });
    assert.equal(clock.pending, 0);
  });

  it("ends early with enough, so that a flood fills nothing", async () => {
    const clock = new FakeClock();
    let next = 0;
    const { open, seen } = network((_probe, _card, say) => {
      for (let times = 0; times < 300; times++) {
        const from = `192.0.2.${next++ % 256}`;
        say(match({ addresses: `http://${from}/${next}` }), from);
      }
    });
    const found = await discover({ clock, open, cards: ["192.0.2.1"], most: 5 });
    assert.equal(found.length, 5);
    assert.deepEqual([seen.open, clock.pending], [0, 0]);
  });

  it("ends with its signal, and where no card can ask", async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const { open, seen } = network(() => {});
    const looking = discover({ clock, open, cards: ["192.0.2.1"], signal: abort.signal });
    abort.abort();
    assert.deepEqual([await looking, seen.open, clock.pending], [[], 0, 0]);
    await rejects(discover({ clock, cards: [] }), "no-network", /enter the camera's address/);
    const failing: OpenAsker = (_card, _say, failed) => {
      setImmediate(failed);
      return { ask: () => {}, close: () => {} };
    };
    assert.deepEqual(await discover({ clock, open: failing, cards: ["192.0.2.1"] }), []);
    assert.equal(clock.pending, 0);
  });

  it("asks and hears by UDP", async (t) => {
    const camera = createSocket("udp4").bind(0, "127.0.0.1");
    t.after(() => camera.close());
    await once(camera, "listening");
    camera.on("message", (probe, { port, address }) => {
      const addresses = `https://127.0.0.1/s http://127.0.0.1:8080/onvif/device_service`;
      if (probe.includes("NetworkVideoTransmitter"))
        camera.send(match({ relates: idOf(probe).toUpperCase(), addresses }), port, address);
    });
    const { port } = camera.address();
    const open = multicast({ address: "127.0.0.1", port });
    const found = await discover({ open, cards: ["127.0.0.1"], most: 1, waitMs: 20_000 });
    assert.deepEqual(found, [
      {
        url: "http://127.0.0.1:8080/onvif/device_service",
        address: "127.0.0.1:8080",
        name: "Klingel AG",
        model: "K-1",
      },
    ]);
  });

  it("does not end Node-RED on a card that is none", async () => {
    assert.deepEqual(await discover({ cards: ["192.0.2.99"], waitMs: 20_000 }), []);
  });
});

describe("X: answers of WS-Discovery", () => {
  const urls = (says: Says, from = "192.0.2.7") => readMatches(match(says), from, ["1-2"]).map(({ url }) => url);

  it("count only as answers to our question, of an ONVIF device", () => {
    assert.equal(urls({ relates: "urn:uuid:1-2" }).length, 1);
    assert.deepEqual(urls({ relates: "uuid:3-4" }), []);
    assert.deepEqual(urls({ types: "wsdp:Printer", scopes: "" }), []);
    assert.equal(urls({ types: "tds:Device", scopes: "" }).length, 1);
    for (const junk of ["", "<", "<a/>", "\xff\xfe"])
      assert.deepEqual(readMatches(Buffer.from(junk), "192.0.2.7", []), []);
  });

  it("lead to the host that has answered, never to another", () => {
    assert.deepEqual(urls({ addresses: "http://169.254.1.1/a http://192.0.2.7:81/b" }), ["http://192.0.2.7:81/b"]);
    assert.deepEqual(urls({ addresses: "http://u:p@10.0.0.1:8000/c" }), ["http://192.0.2.7:8000/c"]);
    assert.deepEqual(urls({ addresses: "ftp://192.0.2.7/ nonsense" }), ["http://192.0.2.7/onvif/device_service"]);
    assert.deepEqual(urls({ addresses: "https://192.0.2.7/d" }), ["https://192.0.2.7/d"]);
  });

  it("have names without control characters, and of a line's length", () => {
    const [found] = readMatches(
      match({ scopes: `onvif://www.onvif.org/name/a%0a%1bb${"c".repeat(500)}` }),
      "192.0.2.7",
      [],
    );
    assert.match(found?.name ?? "", /^a bc{117}$/);
  });
});
