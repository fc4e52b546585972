// The part of Node-RED's editor (and of the jQuery in it) that our dialogs use.

export interface Query {
  readonly length: number;
  [index: number]: HTMLElement;
  val(): unknown;
  val(value: string | number): Query;
  text(text: string): Query;
  attr(name: string, value: string): Query;
  prop(name: string): unknown;
  prop(name: string, value: unknown): Query;
  css(name: string | Record<string, string>, value?: string): Query;
  addClass(name: string): Query;
  toggle(shown: boolean): Query;
  find(selector: string): Query;
  empty(): Query;
  append(child: Query): Query;
  appendTo(parent: Query): Query;
  insertAfter(sibling: Query): Query;
  closest(selector: string): Query;
  parent(): Query;
  children(selector: string): Query;
  each(visit: (index: number, element: HTMLElement) => void): Query;
  on(event: string, listener: (event: { preventDefault(): void }) => void): Query;
  toggleClass(name: string, on: boolean): Query;
  trigger(event: string): Query;
  data(name: string): unknown;
  data(name: string, value: unknown): Query;
  editableList(options: EditableListOptions): Query;
  editableList(method: "addItem", item: unknown): Query;
  editableList(method: "items"): Query;
  editableList(method: "empty"): Query;
  typedInput(method: "value", value: string): Query;
  typedInput(method: "value" | "type"): string;
  typedInput(options: { types: readonly string[]; default: string; typeField: string | Query }): Query;
  typedInput(method: "value", value: string): Query;
  typedInput(method: "value" | "type"): string;
  typedInput(options: { types: readonly Several[] }): Query;
  typedInput(method: "types", types: readonly Several[]): Query;
}

/** A field of which several values are chosen; it holds them with commas between. */
export interface Several {
  value: string;
  multiple: true;
  options: readonly { value: string; label: string }[];
  /** Shows what is chosen: its values, or its options, as it came about. */
  valueLabel(place: Query, chosen: readonly (string | { value: string })[] | null): void;
}

export interface EditableListOptions {
  addItem(row: Query, index: number, item: never): void;
  removable: boolean;
  sortable: boolean;
  height?: string | number;
  header?: Query;
  addButton?: string | false;
  removeItem?(item: unknown): void;
  sortItems?(items: unknown): void;
  /** Scrolls to a row that is added; absent: yes. */
  scrollOnAdd?: boolean;
}

export interface JQuery {
  (selector: string | HTMLElement): Query;
  getJSON(url: string, done: (answer: never) => void): { fail(otherwise: () => void): void };
  ajax(options: {
    url: string;
    type: "POST" | "GET";
    data?: string;
    contentType?: string;
    xhrFields?: { responseType: "blob" };
    success?: (answer: unknown) => void;
    error?: (answer: { responseJSON?: { reason?: string } }) => void;
  }): void;
}

/** `this` of a definition's functions. */
export interface EditedNode {
  id: string;
  name: string;
  credentials?: Record<string, unknown>;
  changed?: boolean;
  [property: string]: unknown;
}

export interface Property {
  value: unknown;
  type?: string;
  required?: boolean;
  validate?: (this: EditedNode, value: unknown, options: unknown) => boolean | string;
}

export interface Definition {
  category: string;
  color?: string;
  defaults: Record<string, Property>;
  credentials?: Record<string, { type: "text" | "password" }>;
  inputs?: number;
  outputs?: number;
  icon?: string;
  align?: "left" | "right";
  paletteLabel?: string;
  label?(this: EditedNode): string;
  labelStyle?(this: EditedNode): string;
  inputLabels?(this: EditedNode, index: number): string;
  outputLabels?(this: EditedNode, index: number): string;
  button?: {
    enabled?(this: EditedNode): boolean;
    visible?(this: EditedNode): boolean;
    onclick(this: EditedNode): void;
  };
  oneditprepare?(this: EditedNode): void;
  oneditsave?(this: EditedNode): void;
  oneditcancel?(this: EditedNode): void;
  oneditdelete?(this: EditedNode): void;
  oneditresize?(this: EditedNode, size: { width: number; height: number }): void;
}

export interface Tray {
  title: string;
  width?: number;
  buttons: { id: string; text: string; class?: string; click(): void }[];
  open(tray: Query): void;
  close?(): void;
}

export interface Editor {
  /** What Node-RED's settings tell the editor. */
  settings: { httpNodeRoot?: string };
  actions: {
    add(name: string, act: () => void, options: { label: string }): void;
    invoke(name: string): void;
  };
  menu: { addItem(menu: string, item: { id: string; label: string; onselect: string }): void };
  tray: { show(tray: Tray): void; close(done?: () => void): void };
  view: { importNodes(nodes: readonly object[], options: { generateIds: boolean; addFlow: boolean }): void };
  workspaces: { show(id: string): void };
  nodes: {
    eachConfig(visit: (node: EditedNode & { type: string }) => void): void;
    workspace(id: string): object | null | undefined;
    registerType(type: string, definition: Definition): void;
    node(id: string): EditedNode | null | undefined;
    eachNode(visit: (node: EditedNode & { type: string }) => void): void;
    eachConfig(visit: (node: EditedNode & { type: string }) => void): void;
    eachConfig(visit: (node: EditedNode & { type: string }) => void): void;
  };
  tabs: {
    create(options: { element: Query; onchange(tab: { id: string }): void }): {
      addTab(tab: { id: string; label: string }): void;
    };
  };
  comms: {
    subscribe(topic: string, heard: (topic: string, data: never) => void): void;
    unsubscribe(topic: string, heard: (topic: string, data: never) => void): void;
  };
  clipboard: { copyText(text: string, element: Query, message: string): void };
  notify(text: string | Query, type: "success" | "warning" | "error"): void;
  _(key: string, parameters?: Record<string, string | number>): string;
}
