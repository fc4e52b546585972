// The link in a message that opens the door once: `msg.links.open`. Looking at it opens nothing, since messengers fetch what
// is sent through them; its page has a button that does. Below Node-RED's root for nodes, behind the login that is set for
// that (httpNodeAuth).
import { systemClock } from "../../src/clock.ts";
import { linkToken, OpenLinks, visitIn, type LinkedVisit } from "../../src/door/link.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import { writeHost } from "../../src/ip.ts";
import { xmlText } from "../../src/xml-text.ts";
import type { VisitView } from "../../src/visit/messages.ts";
import type { Visit } from "../../src/visit/visit.ts";
import type { Response } from "../http.d.ts";
import { checkHost } from "../origin.ts";
import { instanceSecret, linkKey } from "../passwords.ts";
import type { Red } from "../red.d.ts";
import { endpoints } from "../found.ts";
import { textOr } from "../fields.ts";
import { ownAddress } from "../sip-endpoint/address.ts";
import type { EndpointNode } from "../sip-endpoint/node.ts";

export interface LinkConfig {
  /** Absent: none. */
  openLink?: boolean;
  /** Where browsers reach Node-RED's nodes; empty: this machine, at Node-RED's own port. */
  linkUrl?: string;
}

const headers = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  // The address is the key: it goes nowhere else.
  "Referrer-Policy": "no-referrer",
  "X-Robots-Tag": "noindex",
  "Content-Security-Policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
};
const style =
  ":root{color-scheme:light dark}body{font:1.2rem system-ui,sans-serif;max-width:24rem;margin:15vh auto;padding:0 1rem;text-align:center}" +
  "button{font:inherit;width:100%;padding:1rem;border:0;border-radius:.6rem;background:#2e7d6b;color:#fff}";

const keyOf = (RED: Red, { id }: EndpointNode) => linkKey(instanceSecret(RED.settings.userDir), id);
const linked = ({ id, door, startedAt }: VisitView): LinkedVisit => ({ id, door, startedAt: Date.parse(startedAt) });

/**
 * Gives what makes the links of an endpoint's visits; undefined where none are wished.
 * @throws PorteroError `invalid`: where Node-RED is
 */
export function linksOf(
  RED: Red,
  config: LinkConfig,
  endpoint: EndpointNode,
): ((visit: VisitView) => string) | undefined {
  if (config.openLink !== true) return undefined;
  const given = textOr(config.linkUrl) ?? hereOf(RED);
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol) || /[?#@]/.test(given))
    throw giveUp(
      "invalid",
      "doorbell-in: the address of the link must be that of Node-RED for browsers, such as https://nodered.example/",
      { data: { field: "linkUrl" } },
    );
  const base = given.replace(/\/+$/, "");
  return (visit) => `${base}/portero/open/${linkToken(keyOf(RED, endpoint), linked(visit))}`;
}

function hereOf({ settings }: Red): string {
  const { uiHost, uiPort = 1880, https, httpNodeRoot } = settings;
  const host = ownAddress(textOr(uiHost) ?? "0.0.0.0");
  const root = typeof httpNodeRoot === "string" ? httpNodeRoot : "/";
  return `http${https ? "s" : ""}://${writeHost(host)}:${uiPort}${root}`;
}

/** Serves the pages of the links of all endpoints. */
export function serveLinks(RED: Red): void {
  const links = new OpenLinks(systemClock);
  const find = (token: string) => {
    const id = visitIn(token);
    const known = id === undefined ? [] : endpoints(RED).map((endpoint) => [endpoint, endpoint.switchboard.visit(id)]);
    const [endpoint, visit] = (known.find(([, visit]) => visit) ?? []) as [EndpointNode?, Visit?];
    if (!endpoint || !visit) return { state: "void" } as const;
    return { state: links.look(keyOf(RED, endpoint), token, linked(visit.view())), visit, endpoint };
  };
  const words = (key: string, parameters?: Record<string, string>) => RED._(`doorbell-in.link.${key}`, parameters);
  const show = (response: Response, status: number, title: string, body = "") => {
    for (const [name, value] of Object.entries(headers)) response.set(name, value);
    const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${xmlText(title)}</title>`;
    response.status(status);
    response.send(`<!doctype html><html><head>${head}<style>${style}</style></head><body>${body}</body></html>`);
  };
  const say = (response: Response, status: number, text: string) =>
    show(response, status, text, `<p>${xmlText(text)}</p>`);
  const over = (response: Response, state: "used" | "void") =>
    say(response, state === "used" ? 410 : 404, words(state));

  RED.httpNode.get("/portero/open/:token", (request, response) => {
    const { state, visit } = find(request.params["token"] ?? "");
    if (state !== "good") return over(response, state === "used" ? "used" : "void");
    const { caller } = visit.view();
    const title = words("title", { door: visit.door.name });
    const who = words("who", { who: caller.name || caller.number });
    const button = `<form method="post"><button>${xmlText(words("open"))}</button></form>`;
    show(response, 200, title, `<h1>${xmlText(title)}</h1><p>${xmlText(who)}</p>${button}`);
  });

  RED.httpNode.post("/portero/open/:token", (request, response) => {
    try {
      checkHost(RED, request.headers);
    } catch (error) {
      return say(response, 403, sentence(error));
    }
    const { state, visit, endpoint } = find(request.params["token"] ?? "");
    if (state !== "good") return over(response, state === "used" ? "used" : "void");
    // The same id opens once, be it asked for twice in the same moment.
    const wish = { door: visit.door.id, visit: visit.id, id: `link:${visit.id}` };
    endpoint.switchboard.open({ ...wish, by: "link", as: { kind: "page", name: "link" } }).then(
      ({ ok, reason }) => {
        if (ok) links.use(linked(visit.view()));
        say(response, ok ? 200 : 409, ok ? words("opened", { door: visit.door.name }) : reason);
      },
      (error: unknown) => say(response, 500, sentence(error)),
    );
  });
}
