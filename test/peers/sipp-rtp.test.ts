// sipp as a bell that speaks: the RTP that it sends by itself, through a house, to a baresip that answers.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { checkConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/server.ts";
import { patienceMs } from "../support/patience.ts";
import { thePeer, without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { run } from "../support/processes.ts";
import { Baresip, bestHalf } from "./baresip.ts";
import { visitTold, wholeVisit } from "./visit-lines.ts";

const password = "correct-horse";

describe("sipp with RTP", { skip: without("sipp", "baresip", "ffmpeg") }, () => {
  for (const codecs of ["PCMA", "PCMU"])
    it(`H4, P9 a bell's PCMA is heard by a phone that has ${codecs}`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), "portero-sipp-"));
      const lines: Record<string, unknown>[] = [];
      const server = await startServer(
        checkConfig({
          sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }] },
          media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
          extensions: [{ extension: "6001", password }],
          doors: [
            {
              ...{ id: "front", name: "Front door", extension: "8000", password, code: "1234" },
              strategy: { strategy: "ring-all", targets: ["6001"], seconds: 20 },
            },
          ],
        }),
        (line) => lines.push(line),
      );
      const at = `127.0.0.1:${server.switchboard.addresses[0]?.port}`;
      const phone = await Baresip.start({ server: at, extension: "6001", password, tone: 880, answer: true, codecs });
      t.after(async () => {
        await phone.end();
        await server.close();
        rmSync(folder, { recursive: true });
      });
      await phone.registered();
      const tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000", "-t", "5", "-f", "alaw", "tone.al"];
      assert.equal((await run(thePeer("ffmpeg"), ["-loglevel", "error", ...tone], { cwd: folder })).code, 0);
      const [first = 0] = await freePorts(1);
      const { code, output } = await run(
        thePeer("sipp"),
        [
          ...[at, "-sf", fileURLToPath(new URL("sipp/bell-speaks.xml", import.meta.url)), "-m", "1", "-i", "127.0.0.1"],
          ...["-s", "8000", "-au", "8000", "-ap", password, "-nostdin", "-timeout", `${patienceMs / 1000}s`],
          ...["-mp", String(first)],
        ],
        { cwd: folder },
      );
      assert.equal(code, 0, output);
      const share = bestHalf(await phone.end(), 440);
      assert.ok(share > 0.8, `the phone heard the bell: ${share}`);
      assert.deepEqual(await visitTold(lines), wholeVisit);
    });
});
