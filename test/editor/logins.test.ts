// Passwords in addresses for which a dialog has no field of its own: they would be in every exported flow.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { soundField } from "../../nodes/editor/logins.ts";
import { stepsFault } from "../../nodes/editor/steps.ts";
import { targetFault } from "../../nodes/editor/targets.ts";
import type { EditedNode } from "../../nodes/editor/red.d.ts";

const words = (key: string): string => key;
const secret = "http://nas:secret@10.0.0.9/wait.wav";

describe("P7 a password in an address that a flow would hold", () => {
  it("is not taken for a sound; a variable that holds it is", () => {
    const { validate } = soundField(words);
    const judged = (value: string) => validate?.call({} as EditedNode, value, {} as never);
    for (const wrong of [secret, "https://10.0.0.9/wait.wav?user=nas&pwd=secret"])
      assert.equal(judged(wrong), "error.sound-login");
    for (const right of [
      "",
      "/data/a@b.wav",
      "http://10.0.0.9/wait.wav",
      "${WAIT_SOUND}",
      "http://10.0.0.9/a?user=nas",
    ])
      assert.equal(judged(right), true, right);
  });

  it("is not taken for a sound of a step or a target, nor in a SIP address", () => {
    const step = (more: object) => stepsFault([{ strategy: "retry-dial", ...more }], words);
    assert.equal(step({ announcement: { url: secret } }), "error.sound-login");
    assert.equal(step({ targets: [{ target: "6001", confirm: true, prompt: { url: secret } }] }), "error.sound-login");
    assert.equal(targetFault(["sip:100:secret@10.0.0.9"], words), "error.address-login");
    assert.equal(targetFault(["6001", "sip:100@10.0.0.9:5062", "0301@provider"], words), undefined);
    assert.equal(step({ announcement: { file: "/data/a.wav" } }), undefined);
  });
});
