// The tab "Diagnosis" of sip-endpoint: findings in plain words, the messages as they come, and the two files.
import type { Words } from "./dialog.ts";
import type { Editor, JQuery, Query } from "./red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

interface Finding {
  severity: "error" | "warning" | "info";
  text: string;
  advice: string;
  count: number;
  firstAt: string;
}

interface Message {
  seq: number;
  at: string;
  direction: "in" | "out";
  transport: string;
  remote: string;
  label: string;
  method: string;
}

const icons = { error: "fa-times-circle", warning: "fa-exclamation-triangle", info: "fa-info-circle" };
/** The server stops telling of new messages where nobody asks for this long; findings are read anew as often. */
const askEveryMs = 10_000;
const mostShown = 500;

const time = (iso: string): string => new Date(iso).toLocaleTimeString();
const line = (tag: string, text: string): Query => $(document.createElement(tag)).text(text);

/** Fills the tab and keeps it filled; the result ends that when the dialog closes. */
export function showTrace(section: Query, id: string, words: Words): () => void {
  const findings = section.find(".portero-findings");
  const messages = section.find(".portero-messages");
  const topic = `portero/trace/${id}`;
  let last = 0;

  const add = (news: Message[]) => {
    const box = messages[0];
    if (!box) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 20;
    for (const { seq, at, direction, transport, remote, label, method } of news) {
      if (seq <= last) continue;
      last = seq;
      const what = label === method ? label : `${label} (${method})`;
      messages.append(line("div", `${time(at)} ${direction === "in" ? "←" : "→"} ${remote} ${transport}  ${what}`));
    }
    while (box.childElementCount > mostShown) box.firstElementChild?.remove();
    if (atEnd) box.scrollTop = box.scrollHeight;
  };
  const tell = (found: Finding[]) => {
    findings.empty();
    if (found.length === 0) findings.append(line("div", words("diagnosis.none")));
    for (const { severity, text, advice, count, firstAt } of found) {
      const row = $(document.createElement("p"));
      row.append($(document.createElement("i")).addClass(`fa ${icons[severity]}`));
      row.append(line("b", ` ${text} `));
      if (count > 1) row.append(line("span", words("diagnosis.since", { count, time: time(firstAt) })));
      findings.append(row.append(line("div", advice)));
    }
  };
  const ask = () => {
    $.getJSON(`portero/trace/${id}?after=${last}`, (answer: { messages: Message[]; findings: Finding[] }) => {
      add(answer.messages);
      tell(answer.findings);
    }).fail(() => findings.empty().append(line("div", words("label.not-deployed"))));
  };
  const hear = (_topic: string, news: { messages: Message[] }) => add(news.messages);

  for (const kind of ["pcap", "text"])
    section.find(`.portero-${kind}`).on("click", (event) => {
      event.preventDefault();
      download(`portero/trace/${id}/${kind}`, `portero-${id}.${kind === "pcap" ? "pcap" : "txt"}`, words);
    });
  RED.comms.subscribe(topic, hear);
  const timer = setInterval(ask, askEveryMs);
  ask();
  return () => {
    clearInterval(timer);
    RED.comms.unsubscribe(topic, hear);
  };
}

// By script, since a link would not carry the login of an editor that has one.
function download(url: string, name: string, words: Words): void {
  $.ajax({
    ...{ url, type: "GET", xhrFields: { responseType: "blob" } },
    success: (answer) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(answer as Blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
    error: () => RED.notify(words("label.not-deployed"), "warning"),
  });
}
