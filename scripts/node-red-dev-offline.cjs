// Loaded into node-red-dev before it runs: its checks ask the flow library and a package registry, which CI must not
// depend on. Here Node-RED's own package answers for the registry, and the questions about other people's packages
// (unique names, latest versions) find nobody (docs/decisions/006-checks-offline.md).
"use strict";
const Module = require("node:module");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const nodeRed = JSON.parse(readFileSync(join(__dirname, "..", "node_modules", "node-red", "package.json"), "utf8"));
const registryEntry = { "dist-tags": { latest: nodeRed.version }, versions: { [nodeRed.version]: nodeRed } };

const ls = (_name, _version, _flat, done) => done([]);
const standIns = {
  axios: {
    get: (url) => Promise.resolve({ data: url.endsWith("/node-red") ? registryEntry : { modules: [] } }),
  },
  "npm-check": () => Promise.resolve({ get: () => [] }),
  "npm-remote-ls": { ls, config: () => {} },
};

const load = Module._load;
Module._load = function (request, ...rest) {
  return Object.hasOwn(standIns, request) ? standIns[request] : load.call(this, request, ...rest);
};
