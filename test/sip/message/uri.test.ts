import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SipRequest } from "../../../src/sip/message/message.ts";
import { parseCSeq, parseNameAddr, parseVia, writeNameAddr, writeVia } from "../../../src/sip/message/headers.ts";
import { escapeUser, parseHostPort, parseUri, unescaped, writeUri, type SipUri } from "../../../src/sip/message/uri.ts";

function uri(text: string): SipUri {
  const found = parseUri(text);
  assert.ok(found, `${text} is a URI`);
  return found;
}

describe("SIP URIs, RFC 3261 §19.1", () => {
  it("are written as they were read", () => {
    for (const text of [
      "sip:8000@10.0.0.1",
      "sip:10.0.0.1:5070",
      "sips:alice@example.com:5061;transport=tcp;lr",
      "sip:a@[2001:db8::1]:5060;transport=udp",
      "sip:%61lice%20b@example.com",
      "tel:+49-30-1234;phone-context=example.com",
    ])
      assert.equal(writeUri(uri(text)), text);
  });

  it("split at the @ first, since a user part may hold ; ? and /", () => {
    const found = uri("sip:ext;phone?x/y@example.com:99;maddr=1.2.3.4?Subject=hi");
    assert.deepEqual([found.user, found.host, found.port], ["ext;phone?x/y", "example.com", 99]);
    assert.deepEqual([...found.params], [["maddr", "1.2.3.4"]]);
  });

  it("lose a password, which nobody here has a use for", () => {
    assert.equal(uri("sip:alice:secret@example.com").user, "alice");
  });

  it("read tel with its parameters (RFC 3966)", () => {
    const found = uri("tel:+358-555-1234567;postd=pp22");
    assert.deepEqual([found.scheme, found.user, found.params.get("postd")], ["tel", "+358-555-1234567", "pp22"]);
  });

  it("are refused where they are none", () => {
    for (const text of ["", "8000", "http://a", "sip:", "sip:a@", "sip:a@b:99999", "sip:a@[::1", "sip:a@b c"])
      assert.equal(parseUri(text), undefined, text);
  });

  it("take apart host and port, IPv6 in brackets", () => {
    assert.deepEqual(parseHostPort("[fe80::1]:5060"), { host: "fe80::1", port: 5060 });
    assert.deepEqual(parseHostPort(" a.b : 1 "), { host: "a.b", port: 1 });
    assert.equal(parseHostPort("a:b"), undefined);
  });

  it("show and escape user parts", () => {
    assert.equal(unescaped("%34%32"), "42");
    assert.equal(unescaped("100%"), "100%");
    // A line of its own in a log would be somebody else's word.
    assert.equal(unescaped("42%0d%0a%5Berror%5D"), "42%0d%0a%5Berror%5D");
    assert.equal(unescaped("42%1b%5B2J"), "42%1b%5B2J");
    assert.equal(escapeUser("Haus tür@x"), "Haus%20t%C3%BCr%40x");
  });
});

describe("what we write", () => {
  it("never lets a value, from a flow's message say, begin a line of its own", () => {
    const request = new SipRequest("BYE", "sip:a@b").add("Reason", "x\r\nEvil: yes").set("Subject", "a\nb");
    request.prepend("Via", "c\rd").setBody("text/plain\r\nEvil: yes", "");
    assert.doesNotMatch(request.toBuffer().toString(), /^(Evil|b|d)/m);
  });
});

describe("structured headers", () => {
  it("read an address with and without angle brackets (§20.10)", () => {
    const bare = parseNameAddr("sip:a@b;tag=1");
    assert.deepEqual([bare?.uri, bare?.params.get("tag")], ["sip:a@b", "1"]);
    const angled = parseNameAddr('"A \\"B\\" <x>" <sip:a@b;lr>;tag=2');
    assert.deepEqual([angled?.name, angled?.uri, angled?.params.get("tag")], ['A "B" <x>', "sip:a@b;lr", "2"]);
    assert.equal(parseNameAddr("Bell <sip:a@b>")?.name, "Bell");
    for (const text of ["", "x", "<sip:a@b", "<>", "* "]) assert.equal(parseNameAddr(text), undefined, text);
  });

  it("write an address so that it reads the same", () => {
    for (const name of ["", "Front door", 'a "b" \\c', "tür, <x>"]) {
      const value = { name, uri: "sip:a@b", params: new Map([["tag", "1"]]) };
      assert.deepEqual(parseNameAddr(writeNameAddr(value)), value);
    }
  });

  it("never let a name end its line", () => {
    assert.ok(!writeNameAddr({ name: "a\r\nEvil: yes", uri: "sip:a@b", params: new Map() }).includes("\n"));
  });

  it("write a Via so that it reads the same", () => {
    for (const text of ["SIP/2.0/UDP a.b:5060;branch=z9hG4bKx;rport", "SIP/2.0/TCP [::1];branch=z9hG4bKx"]) {
      const via = parseVia(text);
      assert.ok(via);
      assert.equal(writeVia(via), text);
    }
  });

  it("read a CSeq with any white space, and nothing else", () => {
    assert.deepEqual(parseCSeq(" 0009  INVITE "), { number: 9, method: "INVITE" });
    for (const text of ["", "1", "INVITE", "1INVITE", "1 A B", "-1 A"]) assert.equal(parseCSeq(text), undefined, text);
  });
});
