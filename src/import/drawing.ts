// Nodes on Node-RED's grid, with ids that are the same for the same text.

export interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly z?: string;
  readonly x?: number;
  readonly y?: number;
  wires?: string[][];
  readonly [setting: string]: unknown;
}

const columns = [160, 360, 580, 800, 1020, 1240, 1460, 1680];
const [top, height] = [220, 80];

export class Drawing {
  readonly nodes: FlowNode[] = [];
  readonly credentials: Record<string, Record<string, string>> = {};
  readonly #seed: string;
  readonly #tab: string;
  #last = 0;

  constructor(text: string) {
    this.#seed = hash(text);
    this.#tab = this.config("tab", { label: "Dial plan", disabled: false, info: "" });
  }

  #id(): string {
    this.#last++;
    return this.#seed + this.#last.toString(16).padStart(8, "0");
  }

  /** A node without a place. */
  config(type: string, settings: object, credentials: Record<string, string | undefined> = {}): string {
    const id = this.#id();
    this.nodes.push({ id, type, ...settings });
    this.#keep(id, credentials);
    return id;
  }

  /** `column` may lie between two columns' ends; rows are counted from the first doorbell-in. */
  node(type: string, column: number, row: number, settings: object, outputs: number): FlowNode {
    const [x, y] = [columns[Math.min(column, columns.length - 1)] ?? 0, top + Math.round((row * height) / 20) * 20];
    const node: FlowNode = { id: this.#id(), type, z: this.#tab, ...settings, x, y, wires: [] };
    node.wires = Array.from({ length: outputs }, () => []);
    this.nodes.push(node);
    return node;
  }

  comment(y: number, name: string, info: string): void {
    this.nodes.push({ id: this.#id(), type: "comment", z: this.#tab, name, info, x: 180, y, wires: [] });
  }

  #keep(id: string, credentials: Record<string, string | undefined>): void {
    const known = Object.entries(credentials).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
    );
    if (known.length > 0) this.credentials[id] = { ...this.credentials[id], ...Object.fromEntries(known) };
  }

  secret(id: string, credentials: Record<string, string>): void {
    this.#keep(id, credentials);
  }
}

/** FNV-1a: eight digits that tell one text from another. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value.toString(16).padStart(8, "0");
}

/** A wire. */
export const join = (from: FlowNode, output: number, to: FlowNode): void => void from.wires?.[output]?.push(to.id);
