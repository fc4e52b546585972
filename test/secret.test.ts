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
  });
});
