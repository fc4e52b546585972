// What the dialog says of rtpengine's addresses is what the runtime says.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isPlace, wrongServer } from "../../nodes/editor/rtpengine.ts";
import { parseDigits, parseServer } from "../../src/media/rtpengine/wire.ts";

describe("an address of rtpengine in a dialog", () => {
  const entries = [
    ...["127.0.0.1", "127.0.0.1:2223", "rtpengine", "media-1.example.com:9000", "::1", "[::1]", "[2001:db8::1]:2223"],
    ...["host:", "host:0", "host:65536", "host:port", "[]:1", "[host]:1", "udp:host:1", "a/b", "::g", "[::1", "1:2:3"],
  ];
  for (const entry of entries)
    it(`${entry} is ${wrongServer(entry) === undefined ? "one" : "none"}, as for the endpoint`, () => {
      if (wrongServer(entry) === undefined) assert.doesNotThrow(() => parseServer(entry));
      else assert.throws(() => parseServer(entry), /is no address/);
    });

  it("needs a port where digits come in, as for the endpoint", () => {
    for (const entry of [...entries, "127.0.0.1:2224", "[::1]:1"])
      if (isPlace(entry)) assert.doesNotThrow(() => parseDigits(entry), entry);
      else assert.throws(() => parseDigits(entry), /is no address/, entry);
  });
});
