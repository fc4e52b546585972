import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { causeOf, reasonsOf } from "../../src/sip/causes.ts";
import { SipRequest } from "../../src/sip/message/message.ts";

describe("H10 hang-up causes (Q.850) of SIP statuses", () => {
  it("are those the redial loop looks at", () => {
    const table = { 486: 17, 600: 17, 408: 18, 480: 19, 603: 21, 403: 21, 404: 1, 488: 58, 503: 34 };
    for (const [status, cause] of Object.entries(table)) assert.equal(causeOf(Number(status)), cause, status);
  });

  it("have an answer for statuses that nobody has heard of", () => {
    assert.deepEqual([causeOf(499), causeOf(599), causeOf(699)], [127, 38, 38]);
  });
});

describe("Reason headers, RFC 3326", () => {
  it("are read, several in one header and in several", () => {
    const bye = new SipRequest("BYE", "sip:a@b");
    bye.add("Reason", 'Q.850;cause=16;text="Terminated, done", SIP ;cause=200;text="Call completed elsewhere"');
    bye.add("Reason", "preemption");
    assert.deepEqual(reasonsOf(bye), [
      { protocol: "Q.850", cause: 16, text: "Terminated, done" },
      { protocol: "SIP", cause: 200, text: "Call completed elsewhere" },
      { protocol: "PREEMPTION" },
    ]);
  });

  it("leave out a cause that is no number", () => {
    const bye = new SipRequest("BYE", "sip:a@b").add("Reason", "Q.850;cause=99999999;text=x");
    assert.deepEqual(reasonsOf(bye), [{ protocol: "Q.850", text: "x" }]);
  });
});
