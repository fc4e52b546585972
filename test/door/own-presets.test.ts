import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { PresetFolder } from "../../src/door/preset-folder.ts";
import { presetFrom } from "../../src/door/preset-from.ts";
import { presetOf, presets } from "../../src/door/presets.ts";
import { fastest } from "../support/cpu.ts";
import { thrown } from "./thrown.ts";

const gate = { ...presetOf("2n"), id: "gate", label: "Gate", maker: "Acme" };

describe("X11 presets of a user's own, as files", () => {
  let folder: string;
  let kept: PresetFolder;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "portero-presets-")), "presets");
    kept = new PresetFolder(folder);
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

  const put = (name: string, content: unknown) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  };
  const faultOf = (name: string, content: unknown) => {
    put(name, content);
    const { faults, own } = kept.read();
    assert.deepEqual([faults.length, own.size], [1, 0]);
    return faults[0] ?? "";
  };

  it("none are needed", () => {
    assert.deepEqual(kept.read(), { presets, own: new Set(), faults: [] });
  });

  it("stand behind ours, read anew each time", () => {
    put("b.json", `\uFEFF${JSON.stringify(gate)}`);
    put("notes.txt", "not a preset");
    const { presets: all, own } = kept.read();
    assert.deepEqual([...own], ["gate"]);
    assert.equal([...all.values()].at(-1)?.label, "Gate");
    put("c.json", { ...gate, id: "gate-2" });
    assert.equal(kept.read().own.size, 2);
    assert.equal(presets.has("gate"), false);
  });

  it("say which file is wrong, which field, and what to do; the others are there all the same", () => {
    assert.match(faultOf("x.json", "{"), /^preset file x\.json: it is not JSON \(/);
    assert.match(faultOf("x.json", { ...gate, dtmf: { method: "shout" } }), /x\.json: dtmf\.durationMs is missing/);
    assert.match(faultOf("x.json", "[]"), /x\.json: it must be object/);
    const opening = { credentials: "own", steps: [{ url: "http://{address}/", accepted: "(" }] };
    assert.match(faultOf("x.json", { ...gate, opening }), /opening\.steps\.0\.accepted is not a regular expression/);
    assert.match(faultOf("x.json", " ".repeat(70_000)), /x\.json: it is larger than 64 KiB/);
    put("good.json", gate);
    assert.deepEqual([kept.read().faults.length, [...kept.read().own]], [1, ["gate"]]);
  });

  it("send login and code to the device and nobody else", () => {
    const leads = (field: string) =>
      new RegExp(
        `x\\.json: ${field} leads elsewhere than to the device: its host must be \\{address\\} or \\{contact\\}`,
      );
    const rules = [{ word: "press", when: "ring" }];
    for (const url of [
      "http://elsewhere.test/?u={user}&p={password}",
      "http://{address}.elsewhere.test/",
      "http://{address}@elsewhere.test/",
      "http://{user}:{password}@elsewhere.test/{address}",
      "http://{address}:80@elsewhere.test/",
      "http://{address}#elsewhere",
    ]) {
      const own = { credentials: "own" };
      const steps = [{ url }];
      assert.match(faultOf("x.json", { ...gate, opening: { ...own, steps } }), leads("opening.steps.0.url"));
      const confirm = { url, accepted: "open" };
      const good = [{ url: "http://{address}:8080/open" }];
      assert.match(
        faultOf("x.json", { ...gate, opening: { ...own, steps: good, confirm } }),
        leads("opening.confirm.url"),
      );
      assert.match(faultOf("x.json", { ...gate, camera: { ...own, image: url } }), leads("camera.image"));
      const poll = { ...own, kind: "status", url, rules };
      assert.match(faultOf("x.json", { ...gate, poll }), leads("poll.url"));
      const subscribe = { url, take: "(.)" };
      const followed = { ...poll, url: "http://{contact}/log", subscribe };
      assert.match(faultOf("x.json", { ...gate, poll: followed }), leads("poll.subscribe.url"));
    }
    const secret = { credentials: "own", kind: "status", url: "http://{address}/{password}/log", rules };
    assert.match(faultOf("x.json", { ...gate, poll: secret }), /x\.json: poll\.url has a secret in its path/);
  });

  it("take the place of none of ours, nor of one another", () => {
    assert.match(
      faultOf("mine.json", { ...gate, id: "2n" }),
      /mine\.json: id is that of a preset that comes with Portero \(2n\): give it another, such as 2n-own/,
    );
    put("mine.json", gate);
    put("other.json", { ...gate, label: "Other" });
    const { faults, presets: all } = kept.read();
    assert.match(faults.join(), /other\.json: id is that of another file, too \(gate\)/);
    assert.equal(all.get("gate")?.label, "Gate");
  });

  it("may be a folder that cannot be read, or hold folders: that is said", () => {
    mkdirSync(join(folder, "deep.json"), { recursive: true });
    assert.match(kept.read().faults.join(), /^preset file deep\.json: /);
    assert.match(new PresetFolder(process.execPath).read().faults.join(), /^the folder of presets cannot be read: /);
  });

  it("are kept under their id, and replaced only if that is said", () => {
    kept.save(gate);
    assert.deepEqual(readdirSync(folder), ["gate.json"]);
    assert.deepEqual(kept.read().presets.get("gate"), gate);
    assert.match(thrown(() => kept.save(gate)).message, /there is a preset "gate" already: choose another name/);
    kept.save({ ...gate, label: "New gate" }, true);
    assert.equal(kept.read().presets.get("gate")?.label, "New gate");
    assert.match(thrown(() => kept.save(presetOf("2n"), true)).message, /comes with Portero/);
  });

  it("are kept once where two want the same name at once", async () => {
    const rounds = 50;
    const meeting = new Int32Array(new SharedArrayBuffer(4));
    const source = new URL("../../src/door/preset-folder.ts", import.meta.url);
    const saving = `const { PresetFolder } = await import("${source.href}");
      const { parentPort, workerData: { folder, gate, meeting, rounds } } = await import("node:worker_threads");
      const kept = new PresetFolder(folder);
      let saved = 0;
      for (let round = 1; round <= rounds; round++) {
        Atomics.add(meeting, 0, 1);
        while (Atomics.load(meeting, 0) < 2 * round);
        try {
          kept.save({ ...gate, id: "gate-" + round });
          saved++;
        } catch (error) {
          if (error.code !== "preset-taken") saved = NaN;
        }
      }
      parentPort.postMessage(saved);`;
    const workers = [1, 2].map(
      () =>
        new Worker(new URL(`data:text/javascript,${encodeURIComponent(saving)}`), {
          workerData: { folder, gate, meeting, rounds },
        }),
    );
    const saved = await Promise.all(workers.map(async (worker) => Number((await once(worker, "message"))[0])));
    assert.equal(
      saved.reduce((sum, count) => sum + count),
      rounds,
    );
    assert.deepEqual([kept.read().own.size, kept.read().faults], [rounds, []]);
  });
});

describe("X11 a preset from a door", () => {
  const names = { id: "gate", label: "Gate 3", maker: "Acme" };

  it("P7 has what holds for the make, and nothing of the house", () => {
    const preset = presetFrom(presetOf("generic"), {
      ...names,
      ...{ works: true, source: "Gate 3, firmware 1.2", method: "rfc4733", durationMs: 200 },
      imageUrl: "http://admin:geheim@192.168.1.20:8080/snap.cgi?usr=admin&pwd=geheim&ch=1",
      videoUrl: "RTSP://[fd00::7]:554/live",
      ...{ bounceSeconds: 3, oneCall: true },
    });
    assert.deepEqual(preset, {
      ...names,
      ...{ evidence: "device", sources: ["Gate 3, firmware 1.2"] },
      dtmf: { method: "rfc4733", durationMs: 200, gapMs: 100 },
      ring: { bounceSeconds: 3, oneCall: true },
      camera: {
        image: "http://{address}:8080/snap.cgi?usr={user}&pwd={password}&ch=1",
        rtsp: "rtsp://{address}:554/live",
        credentials: "own",
      },
    });
    assert.doesNotMatch(JSON.stringify(preset), /geheim|192\.168|fd00/);
  });

  it("keeps what its make is known for, and says what was changed", () => {
    const preset = presetFrom(presetOf("dahua"), { ...names, videoUrl: "http://{address}/film" });
    assert.deepEqual(preset.opening, presetOf("dahua").opening);
    assert.deepEqual([preset.evidence, preset.sources], ["source", presetOf("dahua").sources]);
    assert.deepEqual(preset.unverified, ["dtmf.code", "camera"]);
    assert.deepEqual(Object.keys(preset.camera ?? {}).sort(), ["credentials", "image", "mjpeg"]);
  });

  it("P7 refuses an address with what may be a secret that it cannot name", () => {
    const refusal = (imageUrl: string) => thrown(() => presetFrom(presetOf("generic"), { ...names, imageUrl })).message;
    assert.match(refusal("http://10.0.0.7/a.jpg?token=abc"), /imageUrl holds what may be a secret \(token\)/);
    assert.match(
      refusal("http://10.0.0.7/user=admin_password=x/a.jpg"),
      /imageUrl holds what may be a secret \(user\)/,
    );
    assert.match(refusal("http://10.0.0.7/{user}/MyToken=x/a.jpg"), /imageUrl holds what may be a secret \(MyToken\)/);
    assert.match(refusal("10.0.0.7/a.jpg"), /imageUrl is not a URL/);
  });

  it("is made in linear time of whatever address was pasted", () => {
    const imageUrl = `http://10.0.0.7/${"user".repeat(25_000)}`;
    // Quadratic would be many seconds.
    const ms = fastest(1, () => presetFrom(presetOf("generic"), { ...names, imageUrl }));
    assert.ok(ms < 1_000, `${ms} ms`);
  });

  it("of every preset of ours is one again", () => {
    for (const base of presets.values()) assert.equal(presetFrom(base, names).id, "gate");
  });
});
