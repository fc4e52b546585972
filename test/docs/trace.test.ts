// What docs/trace.md shows of findings and ladders is what there is.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Diagnosis } from "../../src/sip/trace/diagnosis.ts";
import { findingCodes } from "../../src/sip/trace/findings.ts";
import { ladderOf, ladderText } from "../../src/sip/trace/ladder.ts";
import { house, last } from "../sip/house.ts";
import { sdp } from "../sip/party.ts";
import { blocks, pages } from "./pages.ts";
import { shape } from "./shape.ts";

const shown = (kind: string): unknown => {
  const block = blocks("json").find((found) => found.kind === kind);
  assert.ok(block, `no block ${kind}`);
  return JSON.parse(block.text);
};

describe("The page of the trace", () => {
  it("explains each finding", () => {
    const text = pages.get("docs/trace.md") ?? "";
    const explained = [...text.matchAll(/^\| `([a-z-]+)` +\| (?:error|warning|info) /gm)].map(([, code]) => code);
    assert.deepEqual(explained.sort(), [...findingCodes].sort());
  });

  it("shows a finding as it is told", async () => {
    const { endpoint, party } = await house();
    const diagnosis = new Diagnosis(endpoint);
    await party({ user: "8000" }).authenticated("REGISTER", "wrong", { callId: "r" });
    assert.deepEqual(shape(diagnosis.findings()[0]), shape(shown("trace-finding")));
    diagnosis.close();
  });

  it("shows a ladder as it is given", async () => {
    const { endpoint, party, calls } = await house();
    await party({ user: "8000" }).authenticated("INVITE", "pw8000", { to: "1", body: ["application/sdp", sdp(4000)] });
    const ladder = ladderOf(endpoint.trace.entries(), new Set([last(calls).callId]));
    const given = { ...ladder, arrows: ladder.arrows.slice(0, 2), text: ladderText(ladder) };
    assert.deepEqual(shape(given), shape(shown("trace-ladder")));
    last(calls).reject(486);
  });
});
