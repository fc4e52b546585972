// A house whose diagnosis is looked at.
import assert from "node:assert/strict";
import { Diagnosis, lookAfterMs } from "../../../src/sip/trace/diagnosis.ts";
import type { Finding } from "../../../src/sip/trace/findings.ts";
import { house, type House } from "../house.ts";

export interface Watched extends House {
  diagnosis: Diagnosis;
  /** What was told, oldest first. */
  told: Finding[];
  /** What stands in the list a moment later. */
  findings(): Promise<Finding[]>;
}

export async function watched(options: Parameters<typeof house>[0] = {}): Promise<Watched> {
  const made = await house(options);
  const diagnosis = new Diagnosis(made.endpoint);
  const told: Finding[] = [];
  diagnosis.on("finding", (finding) => told.push(finding));
  const findings = async () => {
    await made.clock.advance(lookAfterMs);
    return diagnosis.findings();
  };
  return { ...made, diagnosis, told, findings };
}

export const codes = (found: readonly Finding[]): string[] => found.map(({ code }) => code);

export async function only(made: Watched, code: string): Promise<Finding> {
  const found = await made.findings();
  assert.deepEqual(codes(found), [code], JSON.stringify(found));
  const [finding] = found;
  assert.ok(finding);
  return finding;
}
