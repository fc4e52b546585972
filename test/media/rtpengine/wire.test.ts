import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, it } from "node:test";
import { showAddress } from "../../../src/ip.ts";
import { dialUdp, parseServer } from "../../../src/media/rtpengine/wire.ts";

describe("the way to an rtpengine", () => {
  const right = [
    ["127.0.0.1", "127.0.0.1:2223"],
    ["10.1.2.3:22222", "10.1.2.3:22222"],
    ["media.example.com:2223", "media.example.com:2223"],
    ["rtpengine", "rtpengine:2223"],
    ["[2001:db8::1]:9000", "[2001:db8::1]:9000"],
    ["::1", "[::1]:2223"],
  ] as const;
  for (const [text, shown] of right)
    it(`may be written ${text}`, () => assert.equal(showAddress(parseServer(text)), shown));

  for (const text of [
    "",
    "a b",
    "host:",
    "host:0",
    "host:65536",
    "host:port",
    "[nothing]:1",
    "udp:host:1",
    "/tmp/socket",
  ])
    it(`cannot be ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseServer(text), /is no address: write a host and the port of its ng protocol/));

  it("leads there and back", async () => {
    const there = createSocket("udp4").bind(0, "127.0.0.1");
    await once(there, "listening");
    there.on("message", (data, { port }) => there.send(`to ${data.toString()}`, port, "127.0.0.1"));
    const answer = await new Promise<string>((resolve, reject) => {
      const wire = dialUdp(
        { host: "127.0.0.1", port: there.address().port },
        {
          received: (data) => {
            wire.close();
            resolve(data.toString());
          },
          refused: (why) => reject(new Error(why)),
        },
      );
      wire.send(Buffer.from("and fro"));
    });
    there.close();
    assert.equal(answer, "to and fro");
  });

  const refusal = (host: string, port: number) =>
    new Promise<string>((resolve) => {
      const refused = (why: string) => {
        wire.close();
        resolve(why);
      };
      const wire = dialUdp({ host, port }, { received: () => {}, refused });
      wire.send(Buffer.from("anybody?"));
    });

  it("tells where nobody listens", async () => {
    const taken = createSocket("udp4").bind(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address();
    taken.close();
    assert.equal(await refusal("127.0.0.1", port), "nobody listens there");
  });

  it("tells of a name that leads nowhere", async () => assert.match(await refusal("a..b", 2223), /a\.\.b/));
});
