// The session descriptions in fixtures/; where each comes from stands in fixtures/README.md.
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("./fixtures/", import.meta.url);

export const fixture = (name: string): string => readFileSync(new URL(`${name}.sdp`, folder), "utf8");
export const fixtures: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith(".sdp"))
  .map((file) => file.slice(0, -4));
