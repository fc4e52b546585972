// What is in the editor already, for the import of a dial plan: endpoints to choose from, doors, and whose each number is.
import type { Imported } from "../../src/import/import.ts";
import type { Surroundings } from "../../src/import/read.ts";
import { text } from "./dialog.ts";
import type { Editor } from "./red.d.ts";

declare const RED: Editor;

/** The SIP endpoints of the editor. */
export function endpoints(): { id: string; label: string }[] {
  const found: { id: string; label: string }[] = [];
  RED.nodes.eachConfig((node) => {
    const port = text(node["port"]);
    if (node.type === "sip-endpoint")
      found.push({ id: node.id, label: `${node.name || node.id}${port === "" ? "" : ` (${port})`}` });
  });
  return found;
}

/** Fields of config nodes that hold a number which nobody else may have (H20). */
const numberFields = ["extension", "parkNumber", "fetchNumber", "visitorNumber", "memberNumber"];

/** Of the endpoint that is chosen; a new one has nothing yet. */
export function surroundings(endpoint: string): Surroundings {
  if (endpoint === "") return {};
  const taken: Record<string, string> = {};
  let hasDoors = false;
  RED.nodes.eachConfig((node) => {
    if (node["endpoint"] !== endpoint) return;
    if (node.type === "door") hasDoors = true;
    for (const field of numberFields) {
      const number = text(node[field]);
      if (number !== "") taken[number] = `${node.type} "${node.name}"`;
    }
  });
  RED.nodes.eachNode((node) => {
    if (node.type !== "sip-registrar" || node["endpoint"] !== endpoint) return;
    const rows = Array.isArray(node["extensions"]) ? (node["extensions"] as { number?: unknown }[]) : [];
    for (const { number } of rows) taken[text(number)] = node.name ? `registrar "${node.name}"` : "a registrar";
  });
  return { endpoint, hasDoors, taken };
}

/** The first copy whose ids nobody has. */
export function freeCopy(make: (copy: number) => Imported): Imported {
  const isTaken = ({ nodes }: Imported) =>
    nodes.some(({ id }) => Boolean(RED.nodes.node(id) ?? RED.nodes.workspace(id)));
  let copy = 0;
  let made = make(copy);
  while (isTaken(made)) made = make(++copy);
  return made;
}
