import assert from "node:assert/strict";
import { it } from "node:test";
import { printable } from "../src/log.ts";

it("what strangers call themselves moves no terminal's cursor", () => {
  assert.equal(printable("\u001b[2Jpaßword for \u009b8\b\0\r\n\tat x"), " [2Jpaßword for  8   \n\tat x");
});
