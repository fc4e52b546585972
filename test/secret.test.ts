import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Secret, showUrl } from "../src/secret.ts";

describe("P7 secrets", () => {
  it("are printed by nothing but reveal", () => {
    const secret = new Secret("geheim");
    const printed = [secret.toString(), JSON.stringify({ secret }), inspect({ secret }), String(secret)].join();
    assert.ok(!printed.includes("geheim"));
    assert.equal(secret.reveal(), "geheim");
  });

  it("are taken out of a URL that is shown, in its authority and in its query", () => {
    assert.equal(showUrl("http://user:password@1.2.3.4/jpg/image.jpg"), "http://1.2.3.4/jpg/image.jpg");
    assert.equal(
      showUrl("http://1.2.3.4/snap?channel=1&UserName=U&Password=P"),
      "http://1.2.3.4/snap?channel=1&UserName=***&Password=***",
    );
    assert.equal(
      showUrl("rtsp://1.2.3.4/user=U_password=P_channel=1.sdp?real_stream"),
      "rtsp://1.2.3.4/user=***_password=***_channel=1.sdp?real_stream",
    );
    assert.equal(showUrl("user:password@nowhere"), "(not a URL)");
    // Whatever a maker calls them.
    assert.equal(
      showUrl("rtsp://1.2.3.4/live?u=U&p=P%20x&ch=1&size=640x480&stream=sub"),
      "rtsp://1.2.3.4/live?u=***&p=***&ch=1&size=640x480&stream=sub",
    );
  });

  it("are taken out of a URL wherever they were filled in", () => {
    const hidden = new Secret("p w/1");
    assert.equal(showUrl("http://1.2.3.4/admin/p%20w%2F1/snap.jpg", hidden), "http://1.2.3.4/admin/***/snap.jpg");
    assert.equal(showUrl("http://1.2.3.4/snap?p%20w%2F1", hidden), "http://1.2.3.4/snap?***");
    assert.equal(showUrl("http://1.2.3.4/snap?x=12", new Secret("12")), "http://1.2.3.4/snap?x=***");
  });
});
