import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SipRequest, SipResponse } from "../../../src/sip/message/message.ts";
import { limits, parseMessage } from "../../../src/sip/message/parse.ts";
import { fastest } from "../../support/cpu.ts";

const lines = (...list: string[]): Buffer => Buffer.from(list.join("\r\n"));

const start = "INVITE sip:777@10.0.0.1 SIP/2.0";
const usual = [
  "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1",
  "From: <sip:8000@10.0.0.1>;tag=a",
  "To: <sip:777@10.0.0.1>",
  "Call-ID: c1",
  "CSeq: 1 INVITE",
];

/** A request with the usual headers, those given in place of the ones of the same name, and more. */
function invite(changes: Record<string, string> = {}, body = ""): Buffer {
  const rest = new Map(Object.entries(changes));
  const kept = usual.map((line) => {
    const name = line.slice(0, line.indexOf(":"));
    const change = rest.get(name);
    rest.delete(name);
    return change === undefined ? line : `${name}: ${change}`;
  });
  const extra = [...rest].map(([name, value]) => `${name}: ${value}`);
  return lines(start, ...kept, ...extra, "", body);
}

function request(data: Buffer): SipRequest {
  const { message, fault } = parseMessage(data);
  assert.equal(fault, undefined);
  assert.ok(message instanceof SipRequest);
  return message;
}

const faultOf = (data: Buffer): string => {
  const { fault } = parseMessage(data);
  assert.ok(fault, "a fault was expected");
  return fault;
};

describe("reading a message, RFC 3261 §7", () => {
  it("takes compact forms for what they stand for (§7.3.3)", () => {
    const message = request(
      lines(
        "MESSAGE sip:a@b SIP/2.0",
        "v: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1",
        "f: <sip:x@y>;tag=1",
        "t: <sip:a@b>",
        "i: id",
        "CSeq: 7 MESSAGE",
        "m: <sip:x@10.0.0.2>",
        "c: text/plain; charset=utf-8",
        "k: 100rel",
        "l: 2",
        "",
        "hi",
      ),
    );
    assert.equal(message.callId, "id");
    assert.equal(message.contact?.uri, "sip:x@10.0.0.2");
    assert.equal(message.contentType, "text/plain");
    assert.deepEqual(message.list("supported"), ["100rel"]);
    assert.equal(message.body.toString(), "hi");
  });

  it("joins folded lines with one space (§7.3.1)", () => {
    assert.equal(
      request(invite({ Subject: "I know you're there,\r\n   pick up\r\n\tthe phone" })).get("subject"),
      "I know you're there, pick up the phone",
    );
  });

  it("takes apart several values in one header, but not commas in quotes or angle brackets", () => {
    const message = request(invite({ Contact: '"Doe, Jane" <sip:a,b@c;x=1>;q=0.5, <sip:d@e>' }));
    assert.deepEqual(message.list("contact"), ['"Doe, Jane" <sip:a,b@c;x=1>;q=0.5', "<sip:d@e>"]);
    assert.equal(message.contact?.name, "Doe, Jane");
    assert.equal(message.contact.params.get("q"), "0.5");
  });

  it("finds the topmost of several Vias in one header, and replaces it alone", () => {
    const message = request(invite({ Via: "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b:99;branch=z9hG4bK2" }));
    assert.equal(message.via?.host, "a");
    message.replaceVia({ transport: "UDP", host: "c", params: new Map([["rport", "5"]]) });
    assert.deepEqual(message.list("via"), ["SIP/2.0/UDP c;rport=5", "SIP/2.0/TCP b:99;branch=z9hG4bK2"]);
  });

  it("reads white space wherever a Via may hold it (§20.42)", () => {
    const via = request(invite({ Via: "SIP / 2.0 / UDP  first.example.com : 4000;ttl=16 ;branch = z9hG4bKa" })).via;
    assert.deepEqual(
      [via?.transport, via?.host, via?.port, via?.params.get("branch")],
      ["UDP", "first.example.com", 4000, "z9hG4bKa"],
    );
  });

  it("reads IPv6 in a Via", () => {
    const via = request(
      invite({ Via: "SIP/2.0/UDP [2001:db8::9:1]:5070;received=2001:db8::9:255;branch=z9hG4bKa" }),
    ).via;
    assert.deepEqual([via?.host, via?.port], ["2001:db8::9:1", 5070]);
  });

  it("keeps raw UTF-8 in names", () => {
    assert.equal(request(invite({ From: '"Haustür ☎" <sip:8000@10.0.0.1>;tag=a' })).from?.name, "Haustür ☎");
  });

  it("ignores empty lines before the start line, and takes bare line feeds", () => {
    assert.equal(request(Buffer.concat([Buffer.from("\r\n\r\n"), invite()])).method, "INVITE");
    assert.equal(request(Buffer.from(invite().toString().replaceAll("\r\n", "\n"))).callId, "c1");
  });

  it("leaves out what stands behind Content-Length in a datagram (§18.3)", () => {
    assert.equal(request(invite({ "Content-Length": "3" }, "abcdef")).body.toString(), "abc");
  });

  it("is not confused by header names that objects have of themselves", () => {
    const message = request(invite({ constructor: "x", __proto__x: "y", hasOwnProperty: "z" }));
    assert.equal(message.get("constructor"), "x");
    assert.equal(message.get("tostring"), undefined);
    assert.equal(message.get("hasownproperty"), "z");
  });

  it("reads a response with and without a reason phrase", () => {
    const head = usual.map((line) => line.replace("1 INVITE", "1 BYE"));
    for (const [line, reason] of [
      ["SIP/2.0 486 Besetzt – später", "Besetzt – später"],
      ["SIP/2.0 486 ", ""],
      ["SIP/2.0 486", ""],
    ] as const) {
      const { message, fault } = parseMessage(lines(line, ...head, "", ""));
      assert.equal(fault, undefined);
      assert.ok(message instanceof SipResponse);
      assert.deepEqual([message.status, message.reason], [486, reason]);
    }
  });

  it("writes what it read", () => {
    const data = invite({ Subject: "x", "Content-Length": "4" }, "body");
    assert.equal(request(data).toBuffer().toString(), data.toString());
  });

  it("writes no white space into the first line, which would end the address there: a device's Contact may hold some (§7.1)", () => {
    const { message } = parseMessage(invite({ Contact: "<sip:Front Door@192.0.2.7>" }));
    const bye = new SipRequest("BYE", message?.contact?.uri ?? "").toBuffer().toString();
    assert.equal(bye.split("\r\n")[0], "BYE sip:Front%20Door@192.0.2.7 SIP/2.0");
    const split = new SipRequest("BYE", "sip:a@b SIP/2.0\r\nEvil: 1\r\n\t").toBuffer().toString();
    assert.equal(split.split("\r\n")[0], "BYE sip:a@b%20SIP/2.0%0D%0AEvil:%201%0D%0A%09 SIP/2.0");
  });

  it("leaves no carriage return in a value, which an answer would carry on as a line of its own", () => {
    const message = request(invite({ "Call-ID": "c1\rEvil: yes" }));
    assert.ok(!message.callId.includes("\r"));
  });
});

describe("what is wrong with a message is said, beside what could be read", () => {
  it("names a header that is missing", () => {
    for (const [index, name] of ["Via", "From", "To", "Call-ID", "CSeq"].entries()) {
      const rest = usual.filter((_, at) => at !== index);
      assert.match(faultOf(lines(start, ...rest, "", "")), new RegExp(`^${name} is missing`));
    }
  });

  it("knows a CSeq of another method, one beyond 2^31, and one that is no number (§8.1.1.5)", () => {
    assert.equal(faultOf(invite({ CSeq: "1 BYE" })), "CSeq names another method");
    assert.match(faultOf(invite({ CSeq: "2147483648 INVITE" })), /CSeq/);
    assert.match(faultOf(invite({ CSeq: "one INVITE" })), /CSeq/);
    assert.equal(request(invite({ CSeq: "2147483647 INVITE" })).cseq?.number, 2147483647);
  });

  it("still gives the Via of a message whose body is cut short, so that it can be answered", () => {
    const { message, fault } = parseMessage(invite({ "Content-Length": "10" }, "abc"));
    assert.match(fault ?? "", /says 10 bytes, but 3 came/);
    assert.equal(message?.via?.host, "10.0.0.2");
  });

  it("refuses a Content-Length that is negative or no number", () => {
    for (const length of ["-1", "x", "1e3", "99999999999"]) assert.ok(faultOf(invite({ "Content-Length": length })));
  });

  it("refuses what exceeds the limits: 16 KB of headers, 200 headers, 64 KB of body", () => {
    assert.match(faultOf(invite({ Subject: "x".repeat(limits.head) })), /do not end within/);
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`X-${i}`, "y"]));
    assert.match(faultOf(invite(many)), /more than 200 headers/);
    assert.match(faultOf(invite({ "Content-Length": "65537" }, "b".repeat(65537))), /longer than 65536/);
  });

  it("refuses what is no SIP", () => {
    for (const text of ["", "GET / HTTP/1.1\r\n\r\n", "INVITE sip:a SIP/3.0\r\n\r\n", "INVITE  sip:a SIP/2.0\r\n\r\n"])
      assert.ok(faultOf(Buffer.from(text)));
  });

  it("takes no more than 10 ms for the worst that fits (Targets of the design)", () => {
    const blank = " ".repeat(limits.head - 400);
    const nasty = [
      invite({ Via: `SIP/2.0/UDP a${blank}x` }),
      invite({ Via: `SIP/2.0/UDP${blank}` }),
      invite({ CSeq: `1${blank}x y` }),
      invite({ From: `"${"\\".repeat(limits.head - 400)}` }),
      invite({ From: `<sip:a@b${blank}x>;tag=1` }),
      invite({ Contact: ",".repeat(limits.head - 400) }),
      invite({ From: `<sip:a@b>${";".repeat(limits.head - 400)}` }),
      invite({ Subject: Array.from({ length: 190 }, () => "x\r\n " + "y".repeat(50)).join("") }),
      invite({ Authorization: "Digest " + "a=".repeat(8000) }),
    ];
    for (const data of nasty) {
      const best = fastest(5, () => {
        const { message } = parseMessage(data);
        assert.ok(
          [message?.via, message?.from, message?.to, message?.contact, message?.cseq, message?.list("contact")].length,
        );
      });
      assert.ok(best < 10, `${best.toFixed(1)} ms for ${data.toString("latin1", 0, 80)}`);
    }
  });
});
