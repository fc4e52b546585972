// The rules that keep the house straight. The arrows of docs/architecture.md are kept by no-restricted-imports: the six
// neighbours in src/ do not know each other, only src/visit joins them, and nothing in src/ knows Node-RED.
import js from "@eslint/js";
import ts from "typescript-eslint";

const rooms = ["sip", "media", "camera", "door", "mqtt", "store", "import", "visit", "sim", "server"];
const mayKnow = {
  sip: [],
  media: [],
  camera: [],
  door: [],
  mqtt: [],
  store: [],
  import: [],
  visit: ["sip", "media", "camera", "door", "mqtt", "store"],
  sim: ["sip", "door"],
  server: ["sip", "media", "camera", "door", "mqtt", "store", "visit"],
};

export default ts.config(
  { ignores: ["dist/**", ".node-red/**", "node_modules/**"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [ts.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/unified-signatures": "off",
      "no-control-regex": "off",
    },
  },
  {
    files: ["test/**/*.ts", "bench/**/*.ts"],
    rules: {
      // node:test's describe and it return promises that its runner awaits.
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            {
              from: "package",
              package: "node:test",
              name: ["describe", "it", "test", "before", "after", "beforeEach", "afterEach"],
            },
          ],
        },
      ],
    },
  },
  {
    files: ["**/*.cjs"],
    languageOptions: {
      globals: { require: "readonly", process: "readonly", console: "readonly", __dirname: "readonly" },
    },
  },
  ...rooms.map((room) => ({
    files: [`src/${room}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["**/nodes/**", "node-red", "node-red/**"], message: "src/ runs without Node-RED." },
            ...rooms
              .filter((other) => other !== room && !mayKnow[room].includes(other))
              .map((other) => ({ regex: `^(\\.\\./)+${other}/`, message: `src/${room} must not know src/${other}.` })),
          ],
        },
      ],
    },
  })),
);
