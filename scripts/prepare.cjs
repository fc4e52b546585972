// Runs before every npm script, on any Node: installs what package-lock.json asks for when node_modules is missing or
// out of date. Plain CommonJS without dependencies, because nothing is installed yet when it runs.
"use strict";
const { createHash } = require("node:crypto");
const { spawnSync } = require("node:child_process");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");
const stamp = join(root, "node_modules", ".installed-lock");
const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  console.error("Installing the dependencies of package-lock.json (once) …");
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const result = spawnSync(npm[0], [...npm.slice(1), "ci", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (result.status !== 0) {
    console.error("npm ci failed; the reason stands above. Mend it and run the same command again.");
    process.exit(result.status || 1);
  }
  writeFileSync(stamp, lock);
}
