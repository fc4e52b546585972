// The torture messages of RFC 4475: see ../fixtures/README.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { SipRequest } from "../../../src/sip/message/message.ts";
import { parseMessage, type Parsed } from "../../../src/sip/message/parse.ts";
import { parseUri, unescaped } from "../../../src/sip/message/uri.ts";

const parsed = (name: string): Parsed =>
  parseMessage(readFileSync(new URL(`../fixtures/${name}.sip`, import.meta.url)));

function good(name: string): NonNullable<Parsed["message"]> {
  const { message, fault } = parsed(name);
  assert.equal(fault, undefined);
  assert.ok(message);
  return message;
}

function request(name: string): SipRequest {
  const message = good(name);
  assert.ok(message instanceof SipRequest);
  return message;
}

describe("RFC 4475 §3.1.1, valid messages", () => {
  it("3.1.1.1 a short tortuous INVITE", () => {
    const message = request("wsinv");
    assert.deepEqual([message.toTag, message.fromTag], ["1918181833n", "98asjd8"]);
    assert.equal(message.from?.name, 'J Rosenberg \\"');
    assert.deepEqual(message.cseq, { number: 9, method: "INVITE" });
    assert.equal(message.number("max-forwards"), 68);
    assert.equal(message.list("via").length, 3);
    assert.deepEqual([message.via?.host, message.via?.params.get("branch")], ["192.0.2.2", "390skdjuw"]);
    assert.equal(message.get("subject"), "");
    assert.equal(message.get("newfangledheader"), "newfangled value continued newfangled value");
    assert.equal(message.contact?.name, 'Quoted string ""');
    assert.deepEqual(
      [...message.contact.params],
      [
        ["newparam", "newvalue"],
        ["secondparam", ""],
        ["q", "0.33"],
      ],
    );
    assert.equal(message.body.length, 150);
  });

  it("3.1.1.3 escapes are kept, and undone only to compare", () => {
    const message = request("esc01");
    const uri = parseUri(message.uri);
    assert.deepEqual([uri?.user, uri?.host], ["sips%3Auser%40example.com", "example.net"]);
    assert.equal(unescaped(uri?.user ?? ""), "sips:user@example.com");
    assert.equal(message.contact?.uri, "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31");
  });

  it("3.1.1.4 escaped nulls", () => {
    assert.deepEqual(request("escnull").list("contact"), [
      "<sip:%00@host5.example.com>",
      "<sip:%00%00@host5.example.com>",
    ]);
  });

  it("3.1.1.5 percent signs that are no escapes", () => {
    const message = request("esc02");
    assert.equal(message.method, "RE%47IST%45R");
    assert.equal(message.from?.name, "%Z%45");
    assert.equal(message.list("contact").length, 2);
  });

  it("3.1.1.6 no space between name and address", () => {
    assert.deepEqual(
      [request("lwsdisp").from?.name, request("lwsdisp").from?.uri],
      ["caller", "sip:caller@example.com"],
    );
  });

  it("3.1.1.8 what follows in the datagram is left out", () => {
    assert.deepEqual([request("dblreq").method, request("dblreq").body.length], ["REGISTER", 0]);
  });

  it("3.1.1.9 parameters in a user part", () => {
    const uri = parseUri(request("semiuri").uri);
    assert.deepEqual([uri?.user, uri?.host], ["user;par=u%40example.net", "example.com"]);
    assert.equal(request("semiuri").list("accept").length, 6);
  });

  it("3.1.1.10 transports known and unknown", () => {
    assert.deepEqual([request("transports").list("via").length, request("transports").via?.transport], [5, "UDP"]);
  });

  it("3.1.1.13 no reason phrase", () => {
    assert.equal(good("noreason").startLine, "SIP/2.0 100 ");
  });
});

describe("RFC 4475 §3.1.2 and §3.3, invalid messages: each can still be answered, or is no SIP at all", () => {
  it("3.1.2.1 separators without values", () => {
    const { message } = parsed("badinv01");
    assert.deepEqual([message?.via?.host, message?.contact?.uri], ["192.0.2.15", "sip:joe@example.org"]);
  });

  for (const [section, name, fault] of [
    ["3.1.2.2", "clerr", /Content-Length says 9999 bytes/],
    ["3.1.2.3", "ncl", /Content-Length is not a number/],
    ["3.1.2.17", "mismatch01", /CSeq names another method/],
    ["3.3.1", "insuf", /From is missing/],
  ] as const)
    it(`${section} ${name}`, () => {
      const { message, fault: found } = parsed(name);
      assert.match(found ?? "", fault);
      assert.ok(message?.via, "there is a Via to answer to");
    });

  it("3.1.2.7 the request's address in angle brackets is no address", () => {
    assert.equal(parseUri(request("ltgtruri").uri), undefined);
  });

  it("3.1.2.16 version 7.0", () => {
    assert.equal(request("badvers").version, "7.0");
  });
});
