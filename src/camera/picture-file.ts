// Pictures as files of a folder.
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { giveUp, PorteroError, sentence, tryAgain } from "../errors.ts";

/**
 * Writes the picture as `<name>.jpg` (or `.mp4`), or `<name>-2.jpg` and so on where there is one of that name, for the owner to read
 * (mode 600); makes the folder. Resolves with the path; rejects with tryAgain `no-file`, and leaves no half file.
 */
export async function keepPicture(
  folder: string,
  name: string,
  bytes: Buffer,
  kind: "jpg" | "mp4" = "jpg",
): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let count = 1; ; count++) {
      const path = join(folder, `${name}${count === 1 ? "" : `-${count}`}.${kind}`);
      if (await isWritten(path, bytes)) return path;
    }
  } catch (error) {
    throw tryAgain("no-file", `The picture could not be kept in ${folder}: ${sentence(error)}`);
  }
}

// False = there is such a file already.
async function isWritten(path: string, jpeg: Buffer): Promise<boolean> {
  try {
    await writeFile(path, jpeg, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    await rm(path, { force: true });
    throw error;
  }
}

const mostBytes = 16 * 2 ** 20;

/** A file's bytes, and when it was written. Rejects with giveUp `no-picture`. */
export async function readPicture(path: string): Promise<{ bytes: Buffer; takenAt: number }> {
  const refuse = (why: string) => giveUp("no-picture", `The picture ${path} ${why}`);
  if (!isAbsolute(path)) throw refuse("is no whole path, as /data/pictures/door.jpg");
  try {
    const file = await open(path);
    try {
      const { size, mtimeMs } = await file.stat();
      // Of a device or a pipe the size is 0, and reading might never end.
      if (size === 0 || size > mostBytes) throw refuse(size === 0 ? "is empty or no file" : "is larger than 16 MiB");
      return { bytes: (await file.read(Buffer.alloc(size))).buffer, takenAt: Math.round(mtimeMs) };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof PorteroError) throw error;
    throw refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? "?"}`);
  }
}
