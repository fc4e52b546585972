// The dialog of dial-strategy: what each strategy shows, whom it rings and how, its steps; and that old nodes stay as they are.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { fieldsOf, strategyNames } from "../../src/visit/strategies/usual.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { without } from "../support/peers.ts";
import { Chromium } from "./browser.ts";
import { Editor } from "./editor.ts";
import { example, House } from "./house.ts";

/** As a node of the first version stands in a flow file. */
const oldNode = (nth: number) => ({
  ...{ id: `01d000000000000${nth}`, type: "dial-strategy", name: "", strategy: "redial", targets: ["6001", "100"] },
  ...{ seconds: "25", secondsType: "num", tries: "3", triesType: "num", waitSeconds: "5", waitSecondsType: "num" },
  ...{ maxMinutes: "10", maxMinutesType: "num", stopCauses: "21, 0", x: 300, y: 900 + 60 * nth, wires: [[], [], []] },
});

describe("dial-strategy's dialog", { skip: without("chromium-headless-shell") }, () => {
  let chromium: Chromium;
  let house: House;
  let editor: Editor;
  before(async () => {
    chromium = await Chromium.start();
    const flow = (await example("the-whole-way")).map((n) => (n.type === "inject" ? { ...n, once: false } : n));
    const tab = flow.find(({ type }) => type === "tab")?.id ?? "";
    house = await House.start({ flow: [...flow, ...[1, 2, 3, 4, 5].map((nth) => ({ ...oldNode(nth), z: tab }))] });
    editor = await Editor.open(chromium, house.ready.editor);
  });
  after(async () => {
    await chromium.close();
    await house.end();
  });
  afterEach(() => editor.cancelDialogs());

  const deployed = async (one: { id: string }) =>
    (await house.flows()).find(({ id }) => id === one.id) ?? assert.fail();

  it("shows each strategy's settings and no other, in words", async () => {
    const old = oldNode(1);
    const dialog = await editor.edit(old.id);
    for (const strategy of strategyNames) {
      await dialog.field("strategy").selectOption(strategy);
      assert.deepEqual(await dialog.ugly(), [], strategy);
      const noWords = (await dialog.words()).filter((word) => /@portero|dial-strategy\b.*\.|__\w+__/.test(word));
      assert.deepEqual(noWords, [], strategy);
      const fields: readonly string[] = fieldsOf[strategy];
      for (const name of ["tries", "stopCauses", "announcement", "status", "then", "conference", "parking"])
        assert.equal(
          await dialog.field(name).locator("xpath=..").isVisible(),
          fields.includes(name),
          `${strategy} ${name}`,
        );
      assert.equal(await dialog.tray.locator("#portero-steps").isVisible(), strategy === "steps");
    }
    // Figures that were chosen stay; those that were not are the strategy's own.
    assert.equal(await dialog.typedField("seconds").inputValue(), "25");
  });

  it("an old node shows what it has, and stays as it is", async () => {
    const old = oldNode(2);
    const dialog = await editor.edit(old.id);
    assert.equal(await dialog.field("strategy").inputValue(), "redial");
    assert.deepEqual(
      await dialog.tray
        .locator("#node-input-list .portero-target")
        .evaluateAll((all) => all.map((field) => (field as HTMLInputElement).value)),
      ["6001", "100"],
    );
    assert.equal(await dialog.typedField("tries").inputValue(), "3");
    await dialog.save();
    await editor.deploy();
    assert.partialDeepStrictEqual(await deployed(old), old);
  });

  it("the usual figures change with the strategy, chosen ones do not", async () => {
    const old = oldNode(3);
    const dialog = await editor.edit(old.id);
    await dialog.typedField("tries").fill("60");
    await dialog.field("strategy").selectOption("retry-dial");
    assert.deepEqual(
      [await dialog.typedField("tries").inputValue(), await dialog.typedField("waitSeconds").inputValue()],
      ["10", "5"],
    );
    await dialog.cancel();
  });

  it("N9 a target unfolds what few need, and keeps it", async () => {
    const old = oldNode(4);
    const dialog = await editor.edit(old.id);
    await dialog.field("strategy").selectOption("waves");
    const row = dialog.tray.locator("#node-input-list > li").nth(1);
    await row.getByText("after 5 s").waitFor();
    await row.locator("a.red-ui-button-small .fa-sliders").click();
    await row.getByTitle(/^Seconds before/).fill("12");
    await row.getByText("after 12 s").waitFor();
    await row.getByTitle(/^Short name of the account/).fill("provider");
    await row.getByTitle(/mailbox/).check();
    await row.getByTitle(/asks for 1/).fill("https://nas/press-1.wav");
    assert.deepEqual(await dialog.ugly(), []);
    await dialog.save();
    await editor.deploy();
    const { targets } = await deployed(old);
    const prompt = { url: "https://nas/press-1.wav" };
    assert.deepEqual(targets, ["6001", { target: "100", delay: 12, account: "provider", confirm: true, prompt }]);
    strategyOf({ strategy: "waves", targets });
    const again = await editor.edit(old.id);
    const same = again.tray.locator("#node-input-list > li").nth(1);
    assert.equal(await same.getByTitle(/^Seconds before/).inputValue(), "12");
    await same.getByTitle(/^How long it rings/).fill("0");
    await again.save();
    assert.match(await editor.mark(old.id), /100, Rings \(s\): from 1 to 3600/);
    await editor.undo();
  });

  it("steps are rows that say what they do and unfold their settings", async () => {
    const old = oldNode(5);
    const dialog = await editor.edit(old.id);
    await dialog.field("strategy").selectOption("steps");
    const list = dialog.tray.locator("#node-input-step-list");
    const add = dialog.tray.locator("#portero-steps").getByRole("button", { name: /\bstep$/ });
    await add.click();
    const first = list.locator("> li").nth(0);
    await first.getByRole("button", { name: /extension, number/ }).click();
    await first.locator(".portero-target").fill("6001");
    await first
      .getByTitle(/^How long it rings/)
      .last()
      .fill("15");
    await first.getByText("6001 · 15 s").waitFor();
    await add.click();
    const second = list.locator("> li").nth(1);
    await second.locator(".portero-step").selectOption("refuse");
    await second.getByTitle(/^What the bell is told/).fill("486");
    assert.equal(await second.getByRole("button", { name: /extension, number/ }).isVisible(), false);
    assert.deepEqual(await dialog.ugly(), []);
    await dialog.save();
    assert.match((await (await editor.node(old.id)).textContent()) ?? "", /ring → refuse/);
    await editor.deploy();
    const { steps } = await deployed(old);
    assert.deepEqual(steps, [
      { strategy: "ring-all", targets: ["6001"], seconds: 15 },
      { strategy: "refuse", status: 486 },
    ]);
    strategyOf({ strategy: "steps", steps });
    const again = await editor.edit(old.id);
    await again.tray.getByText("486").waitFor();
    await again.tray.locator("#node-input-step-list > li .fa-remove").last().click();
    await again.tray.locator("#node-input-step-list > li").nth(1).waitFor({ state: "detached" });
    await again.save();
    assert.doesNotMatch((await (await editor.node(old.id)).textContent()) ?? "", /refuse/);
    assert.deepEqual(editor.troubles, []);
    await editor.undo();
  });
});
