// Pictures as files of a folder.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tryAgain } from "../errors.ts";

/**
 * Writes the picture as `<name>.jpg`, or `<name>-2.jpg` and so on where there is one of that name, for the owner to read
 * (mode 600); makes the folder. Resolves with the path; rejects with tryAgain `no-file`, and leaves no half file.
 */
export async function keepPicture(folder: string, name: string, jpeg: Buffer): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let count = 1; ; count++) {
      const path = join(folder, `${name}${count === 1 ? "" : `-${count}`}.jpg`);
      if (await isWritten(path, jpeg)) return path;
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw tryAgain("no-file", `The picture could not be kept in ${folder}: ${why}`);
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
