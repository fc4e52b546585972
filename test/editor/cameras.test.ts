// "Find cameras" in the door's dialog, against an ONVIF device that stands in for the network's.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { onvifDevice } from "../camera/onvif/device.ts";
import { device, login, nobody, password } from "../http/device.ts";
import { without } from "../support/peers.ts";
import { Chromium } from "./browser.ts";
import { Editor } from "./editor.ts";
import { example, House } from "./house.ts";

describe("door's button Find cameras", { skip: without("chromium-headless-shell") }, () => {
  let chromium: Chromium;
  let house: House;
  let editor: Editor;
  before(async () => {
    chromium = await Chromium.start();
    const flow = (await example("the-whole-way")).map((n) => ({
      ...n,
      ...(n.type === "inject" && { once: false }),
      // A busy machine draws the simulated picture slowly.
      ...(n.type === "door" && { pictureTimeout: "60" }),
    }));
    house = await House.start({ flow });
    editor = await Editor.open(chromium, house.ready.editor);
  });
  after(async () => {
    await chromium.close();
    await house.end();
  });
  afterEach(async () => {
    await editor.page.unroute("**/portero/onvif");
    await editor.cancelDialogs();
  });

  it("its neighbour takes a picture of the deployed door, and says where it came from", async () => {
    await house.comms.status(await house.idOf("doorbell-sim"), ({ fill }) => fill === "green");
    const door = await (await editor.edit(await house.idOf("doorbell-in"))).editConfig("door");
    await door.tab("camera");
    await door.tray.getByRole("button", { name: "Take a picture" }).click();
    await door.tray.getByText(/^\d+ × \d+ in \d+ ms, from: Image URL/).waitFor({ timeout: 60_000 });
    const picture = door.tray.getByRole("img", { name: "What the camera shows now" });
    assert.ok((await picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)) > 100);
  });

  /** The dialog with its panel open; the network holds `cameras`. */
  async function open(cameras: object[]) {
    await editor.page.route("**/portero/onvif", (route) => route.fulfill({ json: { cameras } }));
    const dialog = await editor.edit(await house.idOf("doorbell-in"));
    const door = await dialog.editConfig("door");
    const part = (name: string) => door.tray.locator(`#portero-cameras-${name}`);
    await door.tab("camera");
    await door.tray.locator("#portero-find-cameras").click();
    const says = (words: string | RegExp) => part("says").filter({ hasText: words }).waitFor();
    const ask = async (address: string, given: string) => {
      await part("address").fill(address);
      await part("user").fill(login.username);
      await part("password").fill(given);
      await part("ask").click();
    };
    return { dialogs: [door, dialog], door, part, says, ask };
  }

  it("lists what answers, shows its profiles, and fills URLs and login, none of which is in the flow", async (t) => {
    const camera = await onvifDevice(t, { clock: () => Date.now() });
    const url = `${camera.url}/onvif/device_service`;
    const found = { url, address: camera.host, name: "Klingel", model: "K-1" };
    const { dialogs, door, part, says } = await open([
      found,
      { ...found, url: "http://192.0.2.7/", address: "192.0.2.7" },
    ]);
    await says("Choose a camera, and enter its user and password.");
    assert.deepEqual(await part("found").locator("option").allInnerTexts(), [
      `Klingel K-1 · ${camera.host}`,
      "Klingel K-1 · 192.0.2.7",
    ]);
    await part("found").selectOption("http://192.0.2.7/");
    assert.equal(await part("address").inputValue(), "http://192.0.2.7/");
    await part("found").selectOption(url);
    await part("user").fill(login.username);
    await part("password").fill(password);
    await part("ask").click();
    await says("Klingel & Söhne K-1 has these pictures:");
    const rows = part("profiles").locator("> div");
    assert.deepEqual(await rows.locator("span").allInnerTexts(), [
      "Profile main · 1920 × 1080 · H264",
      "Profile sub · 640 × 480 · H264",
    ]);
    assert.deepEqual(await door.ugly(), []);
    await rows.nth(1).getByRole("button", { name: "Use" }).click();
    const value = (name: string) => door.field(name).inputValue();
    assert.equal(await value("imageUrl"), `${camera.url}/image/sub.jpg`);
    assert.equal(await value("videoUrl"), "rtsp://127.0.0.1:554/sub?a=1&b=2");
    assert.deepEqual([await value("cameraUsername"), await value("cameraPassword")], [login.username, password]);
    for (const one of dialogs) await one.save();
    await editor.deploy();
    const flows = JSON.stringify(await house.flows());
    assert.ok(flows.includes(`${camera.url}/image/sub.jpg`));
    for (const text of [flows, house.child.output, await editor.exportAll()]) assert.ok(!text.includes(password));
  });

  it("says why a camera does not tell, and none of it with the password", async (t) => {
    const { part, says, ask } = await open([]);
    await says("No ONVIF camera answered. Enter the address of one");
    assert.equal(await part("found").isVisible(), false);
    const camera = await onvifDevice(t, { login: "token", clock: () => Date.now() - 3 * 86_400_000 });
    await ask(camera.host, `${password}!`);
    await says(/does not accept the user name or password: correct them\. Its clock is 3 days behind/);
    await ask(camera.host, password);
    await says("has these pictures:");
    const page = await device(t, (_, response) => response.end("<html></html>"));
    await ask(page.host, password);
    await says(/speaks no ONVIF there: switch ONVIF on/);
    assert.equal(await part("profiles").locator("> div").count(), 0);
    await ask(await nobody(), password);
    await says(/refused the connection/);
    await ask("my camera", password);
    await says(/must be a host such as 192\.0\.2\.7/);
    assert.ok(!(await part("says").innerText()).includes(password));
    assert.ok(!house.child.output.includes(password));
  });
});
