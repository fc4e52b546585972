// Every message of RFC 4475 and RFC 5118 as a stranger would send it: what is read, and what we answer. See fixtures/README.md.
// What is right gets a challenge, which is what a stranger's call or registration gets here in any case.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { Secret } from "../../src/secret.ts";
import { SipRequest, SipResponse } from "../../src/sip/message/message.ts";
import { parseMessage } from "../../src/sip/message/parse.ts";
import { parseUri } from "../../src/sip/message/uri.ts";
import { Framing } from "../../src/sip/transport/framing.ts";
import { house } from "./house.ts";

const folder = new URL("fixtures/", import.meta.url);
const bytes = (name: string) => readFileSync(new URL(`${name}.sip`, folder));

/** Status of our answer, or why there is none. */
type Answer = number | "none: a response of nobody's" | "none: not SIP";

const nobodys = "none: a response of nobody's";
const expected: readonly (readonly [section: string, name: string, answer: Answer, what: string])[] = [
  [
    "4475 3.1.1.1",
    "wsinv",
    481,
    "white space, folding, compact forms, odd cases; its To has a tag, but there is no such call",
  ],
  ["4475 3.1.1.2", "intmeth", 501, "every character that is allowed, and a method of which nobody has heard"],
  ["4475 3.1.1.3", "esc01", 401, "escapes in a user part"],
  ["4475 3.1.1.4", "escnull", 401, "escaped null bytes"],
  ["4475 3.1.1.5", "esc02", 501, "a percent sign that is no escape: RE%47IST%45R is not REGISTER"],
  ["4475 3.1.1.6", "lwsdisp", 200, "no space between display name and <"],
  ["4475 3.1.1.7", "longreq", 401, "long values, 34 Vias"],
  ["4475 3.1.1.8", "dblreq", 401, "a second request behind Content-Length is left out"],
  ["4475 3.1.1.9", "semiuri", 200, "a semicolon in a user part"],
  ["4475 3.1.1.10", "transports", 200, "Vias of transports known and unknown"],
  ["4475 3.1.1.11", "mpart01", 403, "a binary body in several parts; its Route leads to another server"],
  ["4475 3.1.1.12", "unreason", nobodys, "a reason phrase in UTF-8"],
  ["4475 3.1.1.13", "noreason", nobodys, "no reason phrase"],
  ["4475 3.1.2.1", "badinv01", 400, "separators without values"],
  ["4475 3.1.2.2", "clerr", 400, "Content-Length larger than what came"],
  ["4475 3.1.2.3", "ncl", 400, "a negative Content-Length"],
  ["4475 3.1.2.4", "scalar02", 400, "numbers too large in a request"],
  ["4475 3.1.2.5", "scalarlg", nobodys, "numbers too large in a response"],
  ["4475 3.1.2.6", "quotbal", 400, "a quote that does not end"],
  ["4475 3.1.2.7", "ltgtruri", 400, "<> around the request's address"],
  ["4475 3.1.2.8", "lwsruri", 400, "a space in the request's address"],
  ["4475 3.1.2.9", "lwsstart", 400, "several spaces in the first line"],
  ["4475 3.1.2.10", "trws", 400, "spaces at the end of the first line"],
  ["4475 3.1.2.11", "escruri", 401, "headers in the request's address, which may be ignored"],
  ["4475 3.1.2.12", "baddate", 401, "a Date that is none, which may be ignored"],
  ["4475 3.1.2.13", "regbadct", 401, "a Contact without <> around its ?"],
  ["4475 3.1.2.14", "badaspec", 200, "spaces inside of <>, which may be ignored"],
  ["4475 3.1.2.15", "baddn", 200, "a comma in a display name without quotes, which may be ignored"],
  ["4475 3.1.2.16", "badvers", 505, "version 7.0"],
  ["4475 3.1.2.17", "mismatch01", 400, "CSeq of another method"],
  ["4475 3.1.2.18", "mismatch02", 400, "CSeq of another method, and an unknown one"],
  ["4475 3.1.2.19", "bigcode", "none: not SIP", "a status of ten digits"],
  ["4475 3.2.1", "badbranch", 200, "a branch of the cookie alone: as if there were none"],
  ["4475 3.3.1", "insuf", 400, "no From, To, Call-ID, Max-Forwards"],
  ["4475 3.3.2", "unkscm", 416, "an unknown scheme"],
  ["4475 3.3.3", "novelsc", 416, "a known scheme that is none of SIP"],
  ["4475 3.3.4", "unksm2", 401, "other schemes in To, From and Contact"],
  ["4475 3.3.5", "bext01", 420, "demands that nobody knows"],
  ["4475 3.3.6", "invut", 401, "a body of an unknown type"],
  ["4475 3.3.7", "regaut01", 401, "an unknown kind of authorization"],
  ["4475 3.3.8", "multi01", 400, "several values of what may stand once"],
  ["4475 3.3.9", "mcl01", 400, "two Content-Lengths"],
  ["4475 3.3.10", "bcast", nobodys, "a response with a broadcast address in Via"],
  ["4475 3.3.11", "zeromf", 200, "Max-Forwards 0, which is no matter to who is addressed"],
  ["4475 3.3.12", "cparam01", 401, "a parameter of Contact"],
  ["4475 3.3.13", "cparam02", 401, "a parameter of the address in Contact"],
  ["4475 3.3.14", "regescrt", 401, "headers in Contact's address"],
  ["4475 3.3.15", "sdp01", 401, "an Accept without SDP"],
  ["4475 3.4.1", "inv2543", 401, "an INVITE as in RFC 2543: no branch, no tag, no Content-Length"],
  ["5118 4.1", "ipv6-good", 401, "IPv6 addresses"],
  ["5118 4.2", "ipv6-bad", 400, "an IPv6 address without brackets"],
  ["5118 4.3", "port-ambiguous", 401, "what looks like a port inside of the brackets"],
  ["5118 4.4", "port-unambiguous", 401, "a port behind the brackets"],
  ["5118 4.5", "via-received-param-with-delim", 481, "received in brackets"],
  ["5118 4.5", "via-received-param-no-delim", 200, "received without brackets"],
  ["5118 4.6", "ipv6-in-sdp", 401, "IPv6 in SDP"],
  ["5118 4.7", "mult-ip-in-header", 481, "both families in Via"],
  ["5118 4.8", "mult-ip-in-sdp", 401, "both families in SDP"],
  ["5118 4.9", "ipv4-mapped-ipv6", 401, "IPv4 in IPv6 form"],
  ["5118 4.10", "ipv6-bug-abnf-3-colons", 200, "three colons, which the grammar of RFC 3261 allows by mistake"],
  ["5118 4.10", "ipv6-correct-abnf-2-colons", 200, "IPv4 at the end of IPv6"],
];

describe("the torture messages", () => {
  it("are all here", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".sip"));
    assert.deepEqual(files.sort(), expected.map(([, name]) => `${name}.sip`).sort());
    assert.equal(expected.filter(([section]) => section.startsWith("4475")).length, 49);
  });

  for (const [section, name, answer, what] of expected)
    it(`RFC ${section} ${name} (${what}): ${typeof answer === "number" ? `is answered with ${answer}` : answer}`, async () => {
      const { network, endpoint, clock } = await house();
      const faults: unknown[] = [];
      endpoint.on("fault", (error) => faults.push(error));
      const answers: (number | undefined)[] = [];
      const note = (message?: SipRequest | SipResponse) =>
        answers.push(message instanceof SipResponse ? message.status : undefined);
      // A connection, so that the answer comes back whatever host Via names; what it repeats may be broken as what came.
      const stranger = network.open(
        "TCP",
        { host: "10.0.0.9", port: 5060 },
        { message: note, malformed: (_fault, _flow, message) => note(message) },
      );
      stranger.to({ host: "10.0.0.1", port: 5060 }).send(bytes(name));
      await clock.advance(5);
      assert.deepEqual(answers, typeof answer === "number" ? [answer] : []);
      await clock.advance(64_000);
      assert.deepEqual([faults, endpoint.transactions.size, endpoint.calls, clock.pending], [[], 0, 0, 0]);
    });

  it("in one stream are cut where each ends, but for those that say nothing of it", () => {
    const whole = expected.filter(
      ([, name]) => !["clerr", "ncl", "inv2543", "mcl01", "dblreq", "bigcode"].includes(name),
    );
    const framing = new Framing();
    const stream = Buffer.concat(whole.flatMap(([, name]) => [bytes(name), Buffer.from("\r\n\r\n")]));
    let count = 0;
    for (let at = 0; at < stream.length; at += 100)
      for (const { lost } of framing.push(stream.subarray(at, at + 100), () => {})) {
        assert.equal(lost, undefined);
        count++;
      }
    assert.deepEqual([count, framing.waiting], [whole.length, 0]);
  });

  it("are written as they were read", () => {
    for (const [section, name] of expected) {
      const { message, fault } = parseMessage(bytes(name));
      if (!message || fault) continue;
      const again = parseMessage(message.toBuffer());
      assert.deepEqual([again.fault, again.message?.startLine], [undefined, message.startLine], `${section} ${name}`);
      assert.deepEqual(again.message?.body, message.body);
    }
  });
});

describe("torture messages of who has given a password", () => {
  for (const [section, name, status] of [
    ["3.1.1.4", "escnull", 403],
    ["3.1.2.13", "regbadct", 400],
    ["3.3.4", "unksm2", 400],
    ["3.3.6", "invut", 415],
    ["3.3.12", "cparam01", 200],
    ["3.3.13", "cparam02", 200],
    ["3.3.14", "regescrt", 200],
    ["3.3.15", "sdp01", 406],
    ["3.4.1", "inv2543", 100],
  ] as const)
    it(`RFC 4475 ${section} ${name}: ${status}`, async () => {
      const { party, endpoint } = await house();
      for (const login of ["user", "watson"])
        endpoint.addExtension({ extension: login, login, password: new Secret("pw"), maxContacts: 5 });
      const peer = party({ transport: "TCP", user: name.startsWith("cparam") ? "watson" : "user" });
      const { message } = parseMessage(bytes(name));
      assert.ok(message instanceof SipRequest);
      peer.send(message);
      peer.send(peer.answerTo(await peer.takeResponse(401), message, "pw"));
      const answer = await peer.takeResponse(status);
      if (name === "cparam01") {
        assert.equal(answer.contact?.uri, "sip:+19725552222@gw1.example.net");
        assert.equal(parseUri(answer.contact.uri)?.params.has("unknownparam"), false);
      }
      if (name === "cparam02") assert.equal(answer.contact?.uri, "sip:+19725552222@gw1.example.net;unknownparam");
      if (name === "regescrt")
        assert.equal(answer.contact?.uri, "sip:user@example.com?Route=%3Csip:sip.example.com%3E");
    });
});
