import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Secret, showUrl } from "../src/secret.ts";
import { fastest } from "./support/cpu.ts";

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
    assert.equal(
      showUrl("rtsp://1.2.3.4/1userlogin=U_ch=1password=P,x=userpass/MyToken=T"),
      "rtsp://1.2.3.4/1userlogin=***_ch=1password=***,x=userpass/MyToken=***",
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

  it("are looked for in linear time, whatever a device redirects to", () => {
    const names = Array.from({ length: 6_000 }, (_, at) => `a${at}=xyz`);
    const hostile = [
      `http://h/${"user".repeat(25_000)}`,
      `http://h/?${names.join("&")}`,
      `http://h/?${"p=1&".repeat(20_000)}`,
    ];
    // Quadratic would be many seconds.
    const ms = fastest(1, () => hostile.forEach((url) => showUrl(url)));
    assert.ok(ms < 2_000, `${ms} ms`);
    assert.equal(showUrl("http://h/?a=1&pwd=x&a=2&pwd=y"), "http://h/?a=1&pwd=***&a=2&pwd=***");
  });
});
