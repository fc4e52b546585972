// Files of ours that are programs: threads and child processes.

/** The file `name` (without its ending) beside the caller, who gives its `import.meta.url`: run uncompiled in the repository, compiled in the package. */
export const programFile = (from: string, name: string): URL =>
  new URL(`${name}${from.endsWith(".ts") ? ".ts" : ".js"}`, from);

/** What the program `name` is called in a terminal: the script of a clone, or the command of the installed package. */
export const calledAs = (from: string, name: string): string =>
  from.endsWith(".ts") ? `npm run ${name} --` : `npx portero-${name}`;
