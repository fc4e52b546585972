// Who is not heard at present, in the tab "Security" of sip-endpoint, each with a button that lifts the ban.
import type { Words } from "./dialog.ts";
import type { Editor, JQuery, Query } from "./red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

interface Answer {
  bans: { address: string; text: string; until: string }[];
}

const element = (tag: string, text: string): Query => $(document.createElement(tag)).text(text);
const shortTime = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });

export function showBans(list: Query, id: string, words: Words): void {
  const url = `portero/bans/${id}`;
  const show = ({ bans }: Answer) => {
    list.empty();
    if (bans.length === 0) list.append(element("span", words("bans.none")));
    for (const ban of bans) list.append(row(ban));
  };
  const row = ({ address, text, until }: Answer["bans"][0]): Query => {
    const button = element("button", words("bans.lift")).attr("type", "button").addClass("red-ui-button");
    button.on("click", () => {
      $.ajax({
        ...{ url: `${url}/lift?address=${encodeURIComponent(address)}`, type: "POST" },
        success: (answer) => show(answer as Answer),
        error: ({ responseJSON }) => RED.notify(responseJSON?.reason ?? words("bans.failed"), "error"),
      });
    });
    const found = element("div", "").css({ display: "flex", gap: "8px", "align-items": "center" });
    const says = element("span", words("bans.until", { text, time: shortTime(until) })).css("flex", "1");
    return found.css("margin-bottom", "4px").append(says).append(button.css("flex", "none"));
  };
  $.getJSON(url, show).fail(() => list.text(words("bans.unknown")));
}
