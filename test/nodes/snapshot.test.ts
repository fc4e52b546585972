// camera-snapshot: what leaves it, in which shape, and what never does.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import type { Trial } from "../../nodes/camera-snapshot/camera-snapshot.ts";
import { boxesIn } from "../../nodes/boxes.ts";
import { shotOf, workOf } from "../../nodes/camera-snapshot/settings.ts";
import type { Message } from "../../nodes/red.d.ts";
import { keepPicture } from "../../src/camera/picture-file.ts";
import { look } from "../camera/pattern.ts";
import { endpoint, Flow, frontdoor, sink, type FlowNode } from "./flow.ts";

let flow: Flow | undefined;
afterEach(async () => {
  await flow?.close();
  flow = undefined;
});

// The simulated bell is the camera.
const bell: FlowNode = { id: "bell", type: "doorbell-sim", role: "bell", door: "door1", wires: [[]] };

async function load(nodes: FlowNode[]): Promise<Flow> {
  flow = await Flow.load([endpoint, frontdoor, bell, ...nodes]);
  await flow.status("bell", (look) => look.fill === "green");
  return flow;
}

describe("camera-snapshot", () => {
  it("hides what is to be hidden in the picture, its small one and the file; on an error there is none", async () => {
    const f = await load([
      {
        ...{
          id: "snap",
          type: "camera-snapshot",
          door: "door1",
          masks: "0 0 100 100",
          caption: false,
          thumbnail: "64",
        },
        ...{ output: "buffer", wires: [["picture"], ["failed"]] },
      },
      { id: "wrong", type: "camera-snapshot", door: "door1", masks: "0 0", wires: [["picture"], ["failed"]] },
      ...["picture", "failed"].map(sink),
    ]);
    const black = ["black", "black", "black", "black"];
    const picture = f.message("picture");
    f.node("snap").receive({ payload: 1 });
    const msg = await picture;
    const about = msg["picture"] as { width: number; size: number; age: number };
    const given = msg.payload as Buffer;
    assert.deepEqual((await look(given)).quarters, black);
    assert.deepEqual([(await look(given)).width, given.length], [about.width, about.size]);
    assert.ok(about.age >= 0 && about.age < 60_000);
    const small = await look(msg["thumbnail"] as Buffer);
    assert.deepEqual([small.width, small.quarters], [64, black]);

    const camera = Buffer.from("what the camera sent");
    for (const [id, shot, says] of [
      ["wrong", {}, /privacy mask must be four numbers/],
      ["snap", { crop: { x: 0, y: 0, width: 0, height: 1 } }, /crop\.width must be > 0/],
      ["snap", { output: "file" }, /a file needs a folder/],
    ] as const) {
      const failed = f.message("failed");
      f.node(id).receive({ payload: camera, thumbnail: camera, shot });
      const { payload, thumbnail } = await failed;
      assert.match((payload as { reason: string }).reason, says);
      assert.deepEqual([Object.keys(payload as object), thumbnail], [["reason"], undefined]);
    }
    assert.match((await f.status("wrong", () => true)).text ?? "", /privacy mask must be/);
  });

  it("takes several, one message each with msg.parts; a dead camera ends them with one sentence", async () => {
    const node = { type: "camera-snapshot", wires: [["picture"], ["failed"]] };
    const dead = { ...frontdoor, id: "door2", name: "Back", extension: "504", imageUrl: "http://127.0.0.1:9/a.jpg" };
    const f = await load([
      dead,
      { ...node, id: "snap", door: "door1", burst: "3", everyMs: "200" },
      { ...node, id: "none", door: "door2", burst: "3", everyMs: "200" },
      ...["picture", "failed"].map(sink),
    ]);
    const sent: Message[] = [];
    f.node("picture").on("input", (msg: Message) => void sent.push(msg));
    const third = f.message("picture", ({ parts }) => (parts as { index: number }).index === 2);
    const refused = f.message("failed");
    f.node("snap").receive({ payload: 1, _msgid: "m1" });
    f.node("snap").receive({ payload: 2, _msgid: "m2" });
    assert.match(((await refused).payload as { reason: string }).reason, /message before are still being taken/);
    await third;
    assert.deepEqual(
      sent.map(({ parts }) => parts),
      [0, 1, 2].map((index) => ({ id: "m1", index, count: 3, type: "array" })),
    );
    const times = sent.map((msg) => (msg["picture"] as { takenAt: number }).takenAt);
    assert.equal(new Set(times).size, 3, "a picture of its own each");
    const failed = f.message("failed");
    f.node("none").receive({ payload: 1 });
    assert.match(((await failed).payload as { reason: string }).reason, /camera/i);
  });

  it("is tried by the dialog's button: the picture as it is deployed, or a sentence", async () => {
    const f = await load([
      {
        id: "snap",
        type: "camera-snapshot",
        door: "door1",
        masks: "0 0 100 100",
        output: "file",
        folder: "/nowhere",
        wires: [[], []],
      },
      { id: "none", type: "camera-snapshot", wires: [[], []] },
    ]);
    const { status, body } = await f.admin.post("/portero/snapshot/snap/try");
    const { image, kilobytes, ms } = body as Trial;
    assert.equal(status, 200);
    const jpeg = Buffer.from(image.slice("data:image/jpeg;base64,".length), "base64");
    assert.deepEqual((await look(jpeg)).quarters, ["black", "black", "black", "black"]);
    assert.ok(kilobytes > 0 && ms >= 0);
    const none = await f.admin.post("/portero/snapshot/none/try");
    assert.deepEqual(
      [none.status, (none.body as { reason: string }).reason],
      [409, "no door: choose one in the dialog, or send msg.visit or msg.door"],
    );
    assert.equal((await f.admin.post("/portero/snapshot/bell/try")).status, 404);
  });

  it("keeps pictures as files of a folder, none over another, and says why it could not", async () => {
    const folder = await mkdtemp(join(tmpdir(), "portero-pictures-"));
    try {
      const node = { type: "camera-snapshot", door: "door1", output: "file", wires: [["picture"], ["failed"]] };
      const f = await load([
        { ...node, id: "snap", folder: join(folder, "new") },
        { ...node, id: "nowhere", folder: "/dev/null/pictures" },
        ...["picture", "failed"].map(sink),
      ]);
      const picture = f.message("picture");
      f.node("snap").receive({ payload: 1, shot: { caption: true, width: 160 } });
      const path = String((await picture).payload);
      assert.match(path, /\/new\/front-door-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z\.jpg$/);
      assert.equal((await look(await readFile(path))).width, 160);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      const failed = f.message("failed");
      f.node("nowhere").receive({ payload: 1 });
      assert.match(
        ((await failed).payload as { reason: string }).reason,
        /could not be kept in \/dev\/null\/pictures: /,
      );
      const again = [
        await keepPicture(folder, "a", Buffer.from("1")),
        await keepPicture(folder, "a", Buffer.from("2")),
      ];
      assert.deepEqual(again, [join(folder, "a.jpg"), join(folder, "a-2.jpg")]);
      assert.equal(await readFile(join(folder, "a.jpg"), "utf8"), "1");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("camera-snapshot's work", () => {
  it("is none where nothing is to be changed, so that the picture goes through as it came", () => {
    const config = { id: "c", type: "camera-snapshot" };
    assert.deepEqual(workOf({ ...config, width: "", height: "", rotate: "0", quality: "" }), {});
    // As the dialog of 0.3.0 left it.
    assert.deepEqual(workOf({ ...config, width: "", fit: "contain", rotate: "0", output: "buffer" }), {});
    assert.deepEqual(workOf({ ...config, width: "320", rotate: "90" }), { width: 320, rotate: 90 });
  });

  it("reads rectangles in percent, and none that is half right", () => {
    const half = { x: 0, y: 0, width: 50, height: 100 };
    assert.deepEqual(boxesIn("0 0 50 100"), [half]);
    assert.deepEqual(boxesIn(" 0,0, 50,100 ; 10.5 0 0.5 1;"), [half, { x: 10.5, y: 0, width: 0.5, height: 1 }]);
    assert.deepEqual(boxesIn(""), []);
    for (const wrong of [
      "0 0 50",
      "0 0 50 101",
      "60 0 50 1",
      "-1 0 5 5",
      "0 0 0 5",
      "a b c d",
      "0 0 50 100; 1",
      "1e2 0 1 1",
    ])
      assert.equal(boxesIn(wrong), undefined, wrong);
  });

  it("lets a message change all but the folder, and hide more but never less", () => {
    const config = { id: "c", type: "camera-snapshot", width: "320", masks: "0 0 10 10", folder: "/tmp/pictures" };
    const more = { x: 50, y: 50, width: 5, height: 5 };
    const shot = shotOf(config, { masks: [more], width: 100, caption: "Gate", output: "file", thumbnail: 64 });
    assert.deepEqual(shot, {
      work: { width: 100, masks: [{ x: 0, y: 0, width: 10, height: 10 }, more] },
      ...{ caption: "Gate", output: "file", thumbnail: 64, folder: "/tmp/pictures" },
      burst: { count: 1, everyMs: 1_000 },
    });
    assert.equal(shotOf(config, { masks: [] }).work.masks?.length, 1);
    for (const [override, says] of [
      [{ folder: "/etc" }, /msg\.shot: folder is not known here/],
      [{ url: "http://127.0.0.1/" }, /url is not known here/],
      [{ masks: [{ x: 60, y: 0, width: 50, height: 1 }] }, /masks.1 reaches beyond the picture/],
      [{ burst: 21 }, /msg\.shot: burst must be <= 20/],
      [{ width: "wide" }, /msg\.shot: width must be integer/],
      [7, /msg\.shot: it must be object/],
    ] as const)
      assert.throws(() => shotOf(config, override), says);
  });

  it("is a sentence where a mask cannot be read or a file has no folder: never a picture without it", () => {
    const config = { id: "c", type: "camera-snapshot" };
    assert.throws(() => shotOf({ ...config, masks: "0 0 half 100" }), /privacy mask must be four numbers in percent/);
    assert.throws(() => shotOf({ ...config, burst: "0" }), /camera-snapshot: burst must be >= 1/);
    assert.throws(() => shotOf({ ...config, crop: "0 0 5 5; 1 1 5 5" }), /crop must be four numbers/);
    for (const folder of ["", "pictures"])
      assert.throws(() => shotOf({ ...config, output: "file", folder }), /a file needs a folder: enter its whole path/);
  });
});
