// The process behind pictures.ts: decodes, changes and encodes one picture at a time, with sharp where that is installed, else
// with jimp. It ends by itself when its parent does, since nothing but the channel to it keeps it alive.
import { constants, setPriority } from "node:os";
import type { Job, Result } from "./job.ts";
import { doneBySharp, findSharp } from "./with-sharp.ts";

try {
  // On a small machine a thumbnail must not take the processor from a call.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not allowed here; it only takes longer for the others.
}

const finding = findSharp();

async function done(job: Job): Promise<Result> {
  const sharp = job.engine === "jimp" ? undefined : await finding;
  if (sharp) return await doneBySharp(sharp, job);
  // Loaded by those only that need it: it takes its time and memory.
  const { doneByJimp } = await import("./with-jimp.ts");
  return await doneByJimp(job);
}

process.on("message", (job: Job) => {
  done(job)
    .then((result) => process.send?.(result))
    // Nothing that is foreseen: pictures.ts sees the end and starts another process.
    .catch(() => process.exit(1));
});
