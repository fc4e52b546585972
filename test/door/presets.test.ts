import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { checkPreset, knowsDtmf } from "../../src/door/preset.ts";
import { presetOf, presets } from "../../src/door/presets.ts";
import { checkDoor } from "../../src/door/settings.ts";
import { thrown } from "./thrown.ts";

describe("X11 device presets", () => {
  it("holds every file of the catalogue under its own id", () => {
    const files = readdirSync(new URL("../../src/door/presets/", import.meta.url)).map((f) => f.replace(".json", ""));
    assert.deepEqual([...presets.keys()].sort(), files.sort());
  });

  it("says for each what its evidence rests on", () => {
    for (const { id, evidence, sources } of presets.values()) {
      assert.ok(sources.length > 0, `${id} names no source`);
      // No maker's device has been tried yet: only our own simulated bell has.
      assert.equal(evidence === "device", id === "simulated", id);
    }
  });

  it("refuses an entry with the field named", () => {
    const { message } = thrown(() =>
      checkPreset({ ...presetOf("2n"), evidence: "rumour", dtmf: { method: "info", contentType: "dtmf", gapMs: 1 } }),
    );
    assert.match(message, /evidence must be one of device, source, unverified/);
    assert.match(message, /dtmf\.durationMs is missing/);
  });

  it("names the known ones for an unknown id", () => {
    assert.match(thrown(() => presetOf("acme")).message, /"acme" is not known: choose one of generic, simulated, 2n/);
  });
});

describe("P8 camera addresses by maker", () => {
  const cameraOf = (id: string) => presetOf(id).camera;

  it("are those of the reference list", () => {
    assert.match(cameraOf("baudisch")?.mjpeg ?? "", /\/mjpg\/video\.mjpg$/);
    assert.match(cameraOf("baudisch")?.image ?? "", /\/jpg\/image\.jpg$/);
    assert.match(cameraOf("grandstream")?.image ?? "", /\/snapshot\/view0\.jpg$/);
    assert.match(cameraOf("grandstream")?.rtsp ?? "", /:554\/4$/);
    assert.match(cameraOf("behnke")?.image ?? "", /\/axis-cgi\/jpg\/image\.cgi$/);
    assert.match(cameraOf("behnke")?.rtsp ?? "", /\/axis-media\/media\.amp$/);
    assert.match(cameraOf("2n")?.rtsp ?? "", /:554\/h264_stream$/);
  });

  it("ask 2N for one picture without fps, and for a film with it", () => {
    assert.match(cameraOf("2n")?.image ?? "", /^https:.*snapshot\?width=640&height=480$/);
    assert.match(cameraOf("2n")?.mjpeg ?? "", /&fps=15$/);
  });
});

describe("N5, N7 the Net2 Entry panel", () => {
  it("opens on 1 by INFO and cannot be called", () => {
    const { dtmf, sip } = presetOf("paxton");
    assert.deepEqual([dtmf.method, dtmf.code, sip?.callable], ["info", "1", false]);
  });
});

describe("X5, X11 makes that open by HTTP", () => {
  it("are those whose way is known from a source", () => {
    const byHttp = [...presets.values()].filter(({ opening }) => opening).map(({ id }) => id);
    assert.deepEqual(byHttp.sort(), [
      ...["2n", "akuvox", "akuvox-api", "axis", "dahua", "doorbird", "fanvil", "grandstream", "hikvision"],
    ]);
  });

  it("send digits in the way that is known, else in the first that the other side takes", () => {
    for (const preset of presets.values())
      if (!knowsDtmf(preset) && preset.opening && preset.id !== "2n")
        assert.equal(preset.dtmf.method, "auto", preset.id);
    assert.deepEqual([knowsDtmf(presetOf("hikvision")), knowsDtmf(presetOf("doorbird"))], [true, false]);
  });

  it("a Dahua's login is its number", () => {
    const form = { id: "vto", name: "VTO", preset: "dahua", extension: "8001", password: "pw" };
    const { message } = thrown(() => checkDoor({ ...form, login: "admin" }));
    assert.match(message, /login must be the number itself for Dahua VTO: leave it empty/);
    assert.equal(checkDoor({ ...form, login: "8001" }).make.sip?.nonceReuse, true);
  });
});
