// Test files that share a process (scripts/test.ts): each is a suite, so that its hooks are its own.
import { resolve } from "node:path";
import { describe } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "./repository.ts";

for (const file of process.argv.slice(2))
  void describe(file, async () => {
    await import(pathToFileURL(resolve(root, file)).href);
  });
