// A house as a flow: config nodes, the registrar, the branches of each bell, and two comments that say what came from where.
import { drawGroup, type Places } from "./branch-nodes.ts";
import { Drawing, type FlowNode } from "./drawing.ts";
import type { Surroundings } from "./read.ts";
import { takesAll } from "./pattern.ts";
import type { Report } from "./report.ts";
import type { House, Phone } from "./settle.ts";

interface Drawn {
  readonly nodes: FlowNode[];
  readonly credentials: Record<string, Record<string, string>>;
}

/** What a dial plan does not say of a place. */
const placeFields = {
  parking: { then: "hang-up", music: "", answerFirst: true },
  room: { music: "", tones: false, stay: false, mayOpen: "" },
};

export function drawFlow(house: House, here: Surroundings, text: string, report: Report): Drawn {
  const { bells, phones, accounts, parking, rooms, groups } = house;
  if (bells.length + phones.length + accounts.length + groups.length + rooms.length === 0 && !parking)
    return { nodes: [], credentials: {} };
  const drawing = new Drawing(here.copy === undefined ? text : `${here.copy} ${text}`);
  const endpoint =
    here.endpoint ??
    drawing.config("sip-endpoint", {
      name: "SIP endpoint",
      bind: "",
      udp: true,
      tcp: true,
      port: "",
      advertise: "",
      realm: "",
      rtpFrom: "",
      rtpTo: "",
      ...house.network.fields,
    });
  if (here.endpoint === undefined && house.network.fields["certificateFile"] !== undefined)
    report.note(
      "The certificate's files must be readable by Node-RED: look at the tab Encryption of the SIP endpoint.",
    );
  if (here.endpoint !== undefined && Object.keys(house.network.fields).length > 0)
    report.note("The transports that were pasted are left out: the SIP endpoint that you chose has its own.");
  const doors = new Map(bells.map((bell) => [bell, drawDoor(drawing, bell, endpoint)]));
  for (const { trunk, name: slug, server, port, user, login, password, expires } of accounts)
    drawing.config(
      "sip-account",
      {
        name: trunk,
        endpoint,
        slug,
        server,
        port,
        transport: "",
        user,
        login,
        displayName: "",
        expires,
        proxy: "",
        backupProxy: "",
        identity: "none",
        prefixes: house.outgoing.prefixes.get(slug) ?? [],
        doorsMayDial: false,
        incoming: "refuse",
        incomingDoor: "",
        incomingTargets: "",
      },
      { password },
    );
  const parkingName = "Parking";
  const places: Places = {
    ...{ endpoint, doors, parkingName },
    parking:
      parking && drawing.config("parking-place", { name: parkingName, endpoint, ...parking, ...placeFields.parking }),
    rooms: new Map(
      rooms.map(({ name, ...room }) => [
        name,
        { name, id: drawing.config("conference-room", { name, endpoint, ...room, ...placeFields.room }) },
      ]),
    ),
  };
  if (phones.length > 0) drawRegistrar(drawing, phones, endpoint);
  let row = 0;
  for (const group of groups) row = drawGroup(drawing, group, places, row, report) + 1;
  drawComments(drawing, house, report);
  return { nodes: drawing.nodes, credentials: drawing.credentials };
}

function drawDoor(drawing: Drawing, bell: Phone, endpoint: string): string {
  const { number, name, login, password, fields } = bell;
  const { maxContacts: _, directMedia, ...more } = fields;
  const door = {
    name,
    endpoint,
    slug: "",
    preset: "generic",
    extension: number,
    login,
    address: "",
    imageUrl: "",
    videoUrl: "",
    verifyTls: true,
    pin: "",
  };
  return drawing.config("door", { ...door, ...more, ...(directMedia === "on" && { directMedia: true }) }, { password });
}

function drawRegistrar(drawing: Drawing, phones: readonly Phone[], endpoint: string): void {
  const extensions = phones.map(({ number, name, login, fields }) => ({
    number,
    name,
    login,
    maxContacts: "",
    ...fields,
  }));
  const registrar = drawing.node("sip-registrar", 0, -1, { name: "", endpoint, extensions }, 4);
  const own = Object.fromEntries(
    phones.flatMap(({ number, password }) => (password === undefined || password === "" ? [] : [[number, password]])),
  );
  if (Object.keys(own).length > 0) drawing.secret(registrar.id, { passwords: JSON.stringify(own) });
}

function drawComments(drawing: Drawing, { groups, bells, phones }: House, report: Report): void {
  const branches = [...new Set(groups.flatMap((group) => group.branches))];
  const lines = branches.map(({ extension, steps }) => {
    const what = steps.map(({ strategy }) => strategy).join(", then ") || "no strategy";
    return `- **${takesAll(extension.name) ? "any other number" : extension.name}**: ${what} (line ${extension.number} of [${extension.context}])`;
  });
  const info = [
    "This flow was made of a dial plan of Asterisk. What a bell dials leads to a strategy; passwords that stood in it are in the nodes' credentials.",
    ...(lines.length > 0 ? [lines.join("\n")] : []),
    ...(bells.length > 0 ? [`Bells: ${bells.map(({ number, name }) => `${name} (${number})`).join(", ")}.`] : []),
    ...(phones.length > 0 ? [`Phones: ${phones.map(({ number }) => number).join(", ")}.`] : []),
    ...(report.notes.length > 0 ? [report.notes.map((note) => `- ${note}`).join("\n")] : []),
  ].join("\n\n");
  drawing.comment(40, "From a dial plan of Asterisk", info);
  const left = report.left();
  if (left.length === 0) return;
  const list = left
    .map(({ number, text: line, why }) => `- line ${number}: \`${line.replaceAll("`", "'")}\` – ${why}`)
    .join("\n");
  drawing.comment(80, `${left.length} ${left.length === 1 ? "line" : "lines"} not taken over`, list);
}
