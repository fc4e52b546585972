// Main menu, "Import a dial plan…", and the same in the list of actions: what is pasted becomes a flow (src/import), and the
// dialog says what of it and what not while it is typed.
import { importDialPlan, type Count, type Imported } from "../../src/import/import.ts";
import { text, type Words } from "./dialog.ts";
import { endpoints, freeCopy, surroundings } from "./import-surroundings.ts";
import type { Editor, JQuery, Query } from "./red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

const action = "portero:import-dial-plan";
const menuItem = "menu-item-portero-import";
/** A text is read when nobody has typed for this long. */
const restMs = 200;

/** Puts it into the menu and the list of actions. Called once, when the editor loads our nodes. */
export function offerImport(words: Words): void {
  RED.actions.add(action, () => openImport(words), { label: words("import.action") });
  RED.menu.addItem("red-ui-header-button-sidemenu", { id: menuItem, label: words("import.menu"), onselect: action });
  const exporting = $("#menu-item-export");
  if (exporting.length > 0) $(`#${menuItem}`).parent().insertAfter(exporting.parent());
}

const make = (tag: string, words = ""): Query => $(document.createElement(tag)).text(words);

function openImport(words: Words): void {
  let found: Imported | undefined;
  let typing: ReturnType<typeof setTimeout> | undefined;
  const area = make("textarea")
    .attr("id", "portero-import-text")
    .attr("placeholder", words("import.placeholder"))
    .attr("spellcheck", "false")
    .attr("aria-label", words("import.title"))
    .css({ width: "100%", height: "300px", "font-family": "var(--red-ui-monospace-font)", "white-space": "pre" });
  const endpoint = make("select").attr("id", "portero-import-endpoint").css("width", "70%");
  const bell = make("select").attr("id", "portero-import-bell").css("width", "70%");
  const bellRow = row(words("import.bell"), bell, "portero-import-bell").toggle(false);
  const result = make("div").attr("id", "portero-import-result").attr("role", "status");

  const read = () => {
    const chosen = text(endpoint.val());
    const here = { ...surroundings(chosen), ...(text(bell.val()) !== "" && { bell: text(bell.val()) }) };
    found = importDialPlan(String(area.val()), here);
    offerBells(bell, found, words);
    bellRow.toggle(found.devices.length > 0);
    showResult(result, found, chosen === "" && endpoints().length > 0, words);
    $("#portero-import-ok")
      .prop("disabled", found.nodes.length === 0)
      .toggleClass("disabled", found.nodes.length === 0);
  };
  const later = () => {
    clearTimeout(typing);
    typing = setTimeout(read, restMs);
  };

  make("option", words("import.new-endpoint")).attr("value", "").appendTo(endpoint);
  for (const { id, label } of endpoints()) make("option", label).attr("value", id).appendTo(endpoint);
  endpoint.val(endpoints()[0]?.id ?? "");
  area.on("input", later);
  for (const select of [endpoint, bell]) select.on("change", read);

  RED.tray.show({
    title: words("import.title"),
    width: 800,
    buttons: [
      { id: "portero-import-cancel", text: words("import.cancel"), click: () => RED.tray.close() },
      {
        ...{ id: "portero-import-ok", text: words("import.import"), class: "primary" },
        click: () => {
          clearTimeout(typing);
          read();
          if (found && found.nodes.length > 0) RED.tray.close(() => importFlow(area, endpoint, bell, words));
        },
      },
    ],
    open: (tray) => {
      const form = make("form")
        .addClass("dialog-form")
        .css({ padding: "12px 20px" })
        .appendTo(tray.find(".red-ui-tray-body"));
      form.on("submit", (event) => event.preventDefault());
      form.append(
        make("div", words("import.paste")).addClass("form-tips").css({ "max-width": "none", "margin-bottom": "12px" }),
      );
      form.append(make("div").addClass("form-row").append(area));
      if (endpoints().length > 0) form.append(row(words("import.endpoint"), endpoint, "portero-import-endpoint"));
      form.append(bellRow).append(result);
      read();
    },
    close: () => clearTimeout(typing),
  });
}

const row = (label: string, field: Query, id: string): Query =>
  make("div").addClass("form-row").append(make("label", label).attr("for", id)).append(field);

/** Who may be the bell: all devices; the choice stays while they stay. */
function offerBells(select: Query, { devices }: Imported, words: Words): void {
  const [before, offered] = [text(select.val()), devices.map(({ number }) => number).join()];
  if (select.data("offered") === offered && before !== "") return;
  const bells = devices.filter(({ isBell }) => isBell).map(({ number }) => number);
  const byName = bells.length > 0 ? words("import.found-bell", { bells: bells.join(", ") }) : words("import.no-bell");
  select.data("offered", offered).empty();
  make("option", byName).attr("value", "").appendTo(select);
  for (const { number, name } of devices)
    make("option", name === number ? number : `${name} (${number})`)
      .attr("value", number)
      .appendTo(select);
  select.val(devices.some(({ number }) => number === before) ? before : "");
}

function showResult(result: Query, found: Imported, isSecond: boolean, words: Words): void {
  result.empty();
  const { nodes, notes, left, counts } = found;
  const what = counts.map((count) => countOf(count, words)).join(", ");
  result.append(
    make("p", nodes.length > 0 ? words("import.understood", { what }) : words("import.nothing"))
      .attr("id", "portero-import-summary")
      .css({ "font-weight": "bold", margin: "8px 0" }),
  );
  const all = nodes.length > 0 && isSecond ? [words("import.port"), ...notes] : notes;
  listOf(
    result,
    words("import.left"),
    "fa-exclamation-triangle",
    left.map(({ number, text: line, why }) => [words("import.line", { line: number }), line, why]),
  );
  listOf(
    result,
    words("import.notes"),
    "fa-info-circle",
    all.map((note) => ["", "", note]),
  );
}

/** A heading, and a line for each: where, what stands there, and a sentence. */
function listOf(
  result: Query,
  title: string,
  icon: string,
  entries: readonly (readonly [string, string, string])[],
): void {
  if (entries.length === 0) return;
  const heading = make("div").css({ margin: "12px 0 4px" }).appendTo(result);
  heading.append(make("i").addClass(`fa ${icon}`)).append(make("span", ` ${title}`));
  const list = make("ul").css({ margin: "0 0 0 20px" }).appendTo(result);
  for (const [where, line, sentence] of entries) {
    const item = make("li").css({ "margin-bottom": "4px" }).appendTo(list);
    if (where !== "")
      item.append(make("span", `${where}: `)).append(make("code", line).css({ "white-space": "pre-wrap" }));
    item.append(
      make("span", where === "" ? sentence : ` ${sentence}`).css(
        "color",
        where === "" ? "" : "var(--red-ui-secondary-text-color)",
      ),
    );
  }
}

function countOf({ what, count, tries }: Count, words: Words): string {
  if (tries !== undefined) return words(`import.count.${what}${tries === 0 ? "-endless" : ""}`, { count, tries });
  return words(`import.count.${what}${count > 1 ? "-more" : ""}`, { count });
}

/** With ids that nobody has yet, and the passwords where Node-RED keeps them: they leave neither in an export nor in a copy. */
function importFlow(area: Query, endpoint: Query, bell: Query, words: Words): void {
  const here = { ...surroundings(text(endpoint.val())), ...(text(bell.val()) !== "" && { bell: text(bell.val()) }) };
  const { nodes, credentials } = freeCopy((copy) =>
    importDialPlan(String(area.val()), { ...here, ...(copy > 0 && { copy }) }),
  );
  const withPasswords = nodes.map((node) =>
    credentials[node.id] ? { ...node, credentials: credentials[node.id] } : node,
  );
  RED.view.importNodes(withPasswords, { generateIds: false, addFlow: false });
  const tab = nodes.find(({ type }) => type === "tab");
  if (tab) RED.workspaces.show(tab.id);
  RED.notify(words("import.imported"), "success");
}
