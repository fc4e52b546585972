// Where the house says what it does. Silent unless somebody gives it a Log (Node-RED's, or a terminal's).

export interface Log {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

const nothing = () => {};
export const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A text for a terminal: what comes from the network may hold what moves its cursor, or colours its words. */
export const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, " ");
