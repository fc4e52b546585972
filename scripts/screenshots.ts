// `npm run screenshots`: the pictures of docs/images, taken from the demo of `npm start` with the system's Chromium. Run it
// when a dialog or an example changes, and look at what it made.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { Chromium, microphone } from "../test/editor/browser.ts";
import { Editor } from "../test/editor/editor.ts";
import { example, House } from "../test/editor/house.ts";
import { root } from "./repository.ts";

const folder = join(root, "docs", "images");
const editorSize = { width: 1400, height: 960 };
const dashboardSize = { width: 1400, height: 820 };
// Bigger ones are slow to load in a README.
const maxBytes = 120_000;

type Scheme = "light" | "dark";

async function shoot(page: Page, name: string): Promise<void> {
  const picture = await page.screenshot({ animations: "disabled", caret: "hide" });
  // A palette does for them, and makes a third of it: they go into the package.
  const png = sharp(picture).png({ palette: true, quality: 90, effort: 8, dither: 0.6 });
  const { size } = await png.toFile(join(folder, `${name}.png`));
  console.log(`docs/images/${name}.png  ${Math.round(size / 1000)} kB${size > maxBytes ? "  TOO BIG" : ""}`);
  if (size > maxBytes) process.exitCode = 1;
}

/** The dashboard follows its theme node, not the browser: for the dark picture the theme gets dark colours. */
const darkColours = {
  surface: "#1d2624",
  primary: "#6fb3a2",
  bgPage: "#121817",
  groupBg: "#1d2624",
  groupOutline: "#33403d",
};

async function openEditor(chromium: Chromium, house: House, scheme: Scheme): Promise<Editor> {
  const editor = await Editor.open(chromium, house.ready.editor, { viewport: editorSize });
  await editor.theme(scheme);
  await editor.showCategory("portero");
  await editor.hideTips();
  await editor.showAll();
  return editor;
}

/** A dial plan of Asterisk, pasted and not yet imported. */
async function importDialog({ page }: Editor): Promise<void> {
  const plans = ["device", "redial"].map((name) =>
    readFileSync(join(root, "test/import/plans", `${name}.conf`), "utf8"),
  );
  await page.locator("#red-ui-header-button-sidemenu").click();
  await page.locator("#menu-item-portero-import").click();
  await page.locator("#portero-import-text").fill(plans.join("\n[default]\n"));
  await page.locator("#portero-import-summary", { hasText: "redial" }).waitFor();
  await shoot(page, "dialog-import");
  await page.locator("#portero-import-cancel").click();
}

/** One whole visit, as somebody sees it who has the editor open: press, answer, open. */
async function visit(house: House, dashboard: Page): Promise<void> {
  const since = house.mqtt.now;
  await house.inject(await house.idOf("inject", "press"));
  await house.mqtt.hear("doorbell/frontdoor/call", (state) => state === "talking", { since });
  await dashboard.getByRole("button", { name: "Open the door" }).click();
  await house.mqtt.json("doorbell/frontdoor/event", (event) => event["event_type"] === "opened", { since });
  await dashboard.getByText(/\d opened/).waitFor();
}

async function hangUp(house: House): Promise<void> {
  const since = house.mqtt.now;
  const order = { __user_inject_props__: [{ p: "payload", v: "hang up", vt: "str" }] };
  await house.admin("POST", `inject/${await house.idOf("inject", "press")}`, order);
  await house.mqtt.hear("doorbell/frontdoor/call", (state) => state === "idle", { since });
}

async function openDashboard(chromium: Chromium, house: House): Promise<Page> {
  const { page } = await chromium.open({ viewport: dashboardSize });
  await page.goto(house.ready.dashboard ?? "");
  await page.getByRole("button", { name: "Open the door" }).waitFor();
  return page;
}

/** The page of the door while somebody rings: on a phone, and on a tablet at the wall in the dark. */
async function doorPages(chromium: Chromium, house: House): Promise<void> {
  const address = `${house.ready.editor}portero/door/frontdoor/`;
  const sizes = { "live-phone": { width: 390, height: 760 }, "live-tablet": { width: 1180, height: 760 } };
  for (const [name, viewport] of Object.entries(sizes)) {
    const { page } = await chromium.open({ viewport, colorScheme: name === "live-phone" ? "light" : "dark" });
    await page.goto(address);
    await page.locator("portero-camera[state=playing]").waitFor();
    await page.getByRole("button", { name: /^(Stop ringing|End the call)$/ }).waitFor();
    await shoot(page, name);
  }
}

/** A page that answers: rung on a phone, and in a talk on a tablet in the dark. */
async function answeringPages(chromium: Chromium): Promise<void> {
  const flow = await example("answer-from-the-dashboard");
  await using house = await House.start({ flow });
  const press = await house.idOf("inject", "press");
  await house.comms.status(await house.idOf("doorbell-sim"), ({ fill }) => fill === "green");
  const sizes = { "page-rings": { width: 390, height: 760 }, "page-talks": { width: 1180, height: 760 } };
  for (const [name, viewport] of Object.entries(sizes)) {
    const colorScheme = name === "page-rings" ? "light" : "dark";
    const { page } = await chromium.open({ viewport, colorScheme });
    await page.goto(`${house.ready.editor}portero/door/garden-door/`);
    await page.locator("portero-camera[state=playing]").waitFor();
    await page.getByRole("heading").click();
    await house.inject(press);
    const answer = page.getByRole("button", { name: "Answer" });
    await answer.waitFor();
    if (name === "page-talks") {
      await answer.click();
      await page.getByRole("button", { name: "Mute" }).waitFor();
    }
    // The visitor comes into the picture.
    await page.waitForTimeout(2_500);
    await shoot(page, name);
    await page.context().close();
    await house.admin("POST", `inject/${press}`, {
      __user_inject_props__: [{ p: "payload", v: "hang up", vt: "str" }],
    });
  }
}

async function shootAll(chromium: Chromium, house: House): Promise<void> {
  const light = await openEditor(chromium, house, "light");
  const dark = await openEditor(chromium, house, "dark");
  const dashboard = await openDashboard(chromium, house);
  await visit(house, dashboard);
  await shoot(dashboard, "dashboard-light");
  for (const [name, editor] of Object.entries({ light, dark })) {
    await editor.status(await house.idOf("doorbell-in"), /talk/);
    await editor.showAll();
    await shoot(editor.page, `editor-${name}`);
  }

  const strategy = await light.edit(await house.idOf("dial-strategy"));
  await strategy.field("strategy").selectOption("redial");
  await shoot(light.page, "dialog-strategy");
  await strategy.cancel();
  const door = await (await light.edit(await house.idOf("doorbell-in"))).editConfig("door");
  await door.tray.locator("#portero-door-server", { hasText: /:\d+/ }).waitFor();
  await shoot(light.page, "dialog-door");
  await light.cancelDialogs();
  await importDialog(light);

  await hangUp(house);
  await house.inject(await house.idOf("inject", "press"));
  await doorPages(chromium, house);
  await hangUp(house);
  const flows = await house.flows();
  const since = house.comms.now;
  await house.deploy(flows.map((n) => (n.type === "ui-theme" ? { ...n, colors: darkColours } : n)));
  const darkDashboard = await openDashboard(chromium, house);
  for (const { id } of flows.filter((n) => n.type === "doorbell-sim"))
    await house.comms.status(id, ({ fill }) => fill === "green", { since });
  await visit(house, darkDashboard);
  await shoot(darkDashboard, "dashboard-dark");
}

mkdirSync(folder, { recursive: true });
const flow = (await example("the-whole-way")).map((node) => {
  if (node.type === "inject") return { ...node, once: false };
  if (node.type === "door") return { ...node, browsers: "open" };
  return node["autoAnswer"] === true ? { ...node, answerAfter: "2" } : node;
});
const chromium = await Chromium.start(microphone);
try {
  await using house = await House.start({ flow });
  await shootAll(chromium, house);
  await answeringPages(chromium);
} finally {
  await chromium.close();
}
