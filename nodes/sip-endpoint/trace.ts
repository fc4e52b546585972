// The editor's way to the trace of an endpoint (X10): messages and findings as JSON, as text, as a capture, and a visit's
// ladder. Everything is shown without its secrets, to those who may read sip-endpoint.
import { systemClock } from "../../src/clock.ts";
import { Live } from "../../src/sip/trace/live.ts";
import { ladderText } from "../../src/sip/trace/ladder.ts";
import { pcapOf } from "../../src/sip/trace/pcap.ts";
import { summaryOf, textOf } from "../../src/sip/trace/text.ts";
import type { Request, Response } from "../http.d.ts";
import type { Red } from "../red.d.ts";
import { endpointNode } from "../found.ts";
import type { EndpointNode } from "./node.ts";

/** Tells the editor of new messages while a dialog looks at them, and the log of what is wrong. */
export function showTrace(RED: Red, node: EndpointNode): void {
  const { switchboard } = node;
  const { trace } = switchboard.endpoint;
  node.live = new Live(trace, systemClock, (messages) =>
    RED.comms.publish(`portero/trace/${node.id}`, { messages }, false),
  );
  switchboard.on("finding", ({ severity, code, text, advice }) => {
    // A refusal is in the log already.
    if (severity !== "info" && code !== "refused") node.warn(`${text}. ${advice}`);
  });
}

/** Messages in one answer: what a list in a dialog can show. */
const mostListed = 500;

export function traceRoutes(RED: Red): void {
  const may = RED.auth.needsPermission("sip-endpoint.read");
  const serve = (path: string, answer: (node: EndpointNode, request: Request, response: Response) => void) =>
    RED.httpAdmin.get(`/portero/trace/:id${path}`, may, (request, response) => {
      const node = endpointNode(RED, request.params["id"]);
      if (!node) return response.status(404).json({ reason: "deploy the endpoint first" });
      answer(node, request, response);
    });

  serve("", ({ switchboard, live }, request, response) => {
    live.look();
    const { tracing } = switchboard;
    const after = Number(request.query["after"] ?? 0);
    response.json({
      messages: switchboard.endpoint.trace
        .entries(Number.isInteger(after) ? after : 0)
        .slice(-mostListed)
        .map(summaryOf),
      findings: tracing.diagnosis.findings(),
      // Only here: a caller is not told which numbers there are.
      numbers: switchboard.plan.numbers(),
    });
  });
  serve("/text", ({ switchboard }, request, response) =>
    file(response, "text/plain; charset=utf-8", "txt", switchboard.tracing.entries(of(request)).map(textOf).join("\n")),
  );
  serve("/pcap", ({ switchboard }, request, response) =>
    file(response, "application/vnd.tcpdump.pcap", "pcap", pcapOf(switchboard.tracing.entries(of(request)))),
  );
  serve("/ladder", ({ switchboard }, request, response) => {
    const which = of(request);
    if (which === undefined)
      return response.status(400).json({ reason: "which visit or call? ?of= takes a visit's id or a Call-ID" });
    const ladder = switchboard.tracing.ladder(which);
    response.json({ ...ladder, text: ladderText(ladder) });
  });
}

/** A visit's id or a Call-ID. */
function of({ query }: Request): string | undefined {
  const which = query["of"];
  return typeof which === "string" && which !== "" ? which : undefined;
}

function file(response: Response, type: string, extension: string, content: string | Buffer): void {
  const name = `portero-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${extension}`;
  response.set("Content-Type", type).set("Content-Disposition", `attachment; filename="${name}"`).send(content);
}
