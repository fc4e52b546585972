// How a door opens, as its dialog has it: the plan, relays, keys, who may; and for the dialog the relays' digits and the codes.
import { checkCode } from "../../src/door/codes.ts";
import { giveUp, sentence } from "../../src/errors.ts";
import { checker } from "../../src/schema.ts";
import type { RequestHandler } from "../http.d.ts";
import type { Red } from "../red.d.ts";
import { entriesIn, namesIn, textOr } from "../fields.ts";
import { doorNode } from "../found.ts";
import { switchboardOf, type DoorNode } from "./node.ts";

export interface RelayRow {
  id?: string;
  name?: string;
  number?: string;
  key?: string;
}

/** All texts, as they stand in the dialog; several values have commas between. */
export type RightRow = Partial<
  Record<"who" | "names" | "relays" | "days" | "from" | "to" | "validFrom" | "validUntil", string>
>;

export interface OpeningConfig {
  /** Empty: automatic. */
  openBy?: string;
  openKey?: string;
  /** Empty: as soon as there are codes. */
  codesFrom?: string;
  relays?: RelayRow[];
  rights?: RightRow[];
}

/** Digits by relay, in one credential: `{"gate":"77"}`. */
function relayCodes(credential: string | undefined): Record<string, string> {
  try {
    return checkDigits(JSON.parse(credential || "{}"));
  } catch {
    throw giveUp("bad-codes", "door: the stored digits of its relays cannot be read: enter them again in the dialog");
  }
}

const checkDigits = checker("relays", { type: "object", additionalProperties: { type: "string" } } as const);

/** @throws PorteroError `bad-codes` */
export function openingForm(config: OpeningConfig, credential: string | undefined): object {
  const codes = relayCodes(credential);
  const given = (row: object) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => {
        const text = textOr(value);
        return text === undefined ? [] : [[name, text]];
      }),
    );
  return {
    ...{ openBy: textOr(config.openBy), openKey: textOr(config.openKey), codesFrom: textOr(config.codesFrom) },
    relays: (config.relays ?? []).map((row) => {
      const { id = "", ...rest } = given(row);
      return { id, ...rest, name: rest["name"] ?? id, code: codes[id] };
    }),
    rights: (config.rights ?? []).map((row) => {
      const { names, relays, days, ...rest } = given(row);
      return { ...rest, names: namesIn(names), relays: entriesIn(relays), days: entriesIn(days) };
    }),
  };
}

/**
 * `GET /portero/door/<id>/opening`: the relays' digits, and the codes without theirs. `POST …/codes` makes one and gives its
 * digits, this once; `POST …/codes/revoke` with `{name}`.
 */
export function serveOpening(RED: Red): void {
  const mayWrite = RED.auth.needsPermission("door.write");
  const forDoor =
    (answer: (node: DoorNode, body: Record<string, unknown>) => object | Promise<object>): RequestHandler =>
    (request, response) => {
      void (async () => {
        try {
          const node = doorNode(RED, request.params["id"]);
          if (!node) throw giveUp("not-deployed", "deploy the door first");
          response
            .set("Cache-Control", "no-store")
            .json(await answer(node, (request.body ?? {}) as Record<string, unknown>));
        } catch (error) {
          response.status(400).json({ reason: sentence(error) });
        }
      })();
    };
  const codesOf = (node: DoorNode) => switchboardOf(node).codes;
  RED.httpAdmin.get(
    "/portero/door/:id/opening",
    mayWrite,
    forDoor((node) => ({
      relays: relayCodes(node.credentials.relayCodes),
      codes: node.settings ? codesOf(node).list(node.slug) : [],
    })),
  );
  RED.httpAdmin.post(
    "/portero/door/:id/codes",
    mayWrite,
    forDoor((node, body) => codesOf(node).create(node.slug, checkCode(body))),
  );
  RED.httpAdmin.post(
    "/portero/door/:id/codes/revoke",
    mayWrite,
    forDoor((node, { name }) => ({
      revoked: typeof name === "string" ? codesOf(node).revoke(node.slug, name).length : 0,
    })),
  );
}
