// lighttpd and Apache as the web servers of cameras: files behind logins, in the foreground, ended by their pids.
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../support/patience.ts";
import { thePeer } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { start, type Child } from "../support/processes.ts";

export const user = "admin";
export const password = "p@ss:w/rd of the camera";
const realm = "camera";

export interface WebServer extends AsyncDisposable {
  readonly url: string;
  /** Apache: method, path and status of each request, the oldest first. */
  requests(): string[];
}

/** `files` by their names, served once below each of `areas`. */
export type Files = Readonly<Record<string, Buffer | string>>;

const digestOf = (algorithm: "md5" | "sha256") =>
  createHash(algorithm).update(`${user}:${realm}:${password}`).digest("hex");

/** Areas `open`, `basic`, `md5`, `sha256`, and `both` (Digest with either). */
export async function lighttpd(files: Files): Promise<WebServer> {
  const digest = (algorithm: string) =>
    `("method" => "digest", "algorithm" => "${algorithm}", "realm" => "${realm}", "require" => "valid-user")`;
  return await serve("lighttpd", files, ["open", "basic", "md5", "sha256", "both"], (folder, port) => {
    writeFileSync(
      join(folder, "users"),
      `${user}:${realm}:${digestOf("md5")}\n${user}:${realm}:${digestOf("sha256")}\n`,
    );
    const text = `
server.document-root = "${folder}/www"
server.bind = "127.0.0.1"
server.port = ${port}
server.modules = ("mod_auth", "mod_authn_file")
mimetype.assign = (".jpg" => "image/jpeg")
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "${folder}/users"
auth.require = (
  "/basic/" => ("method" => "basic", "realm" => "${realm}", "require" => "valid-user"),
  "/md5/" => ${digest("MD5")}, "/sha256/" => ${digest("SHA-256")}, "/both/" => ${digest("MD5|SHA-256")}
)
`;
    return { text, args: (file) => ["-D", "-f", file] };
  });
}

/** Areas `open`, `basic`, and `md5`, whose nonces live a second. */
export async function apache(files: Files): Promise<WebServer> {
  return await serve("apache2", files, ["open", "basic", "md5"], (folder, port) => {
    const sha1 = createHash("sha1").update(password).digest("base64");
    writeFileSync(join(folder, "basic"), `${user}:{SHA}${sha1}\n`);
    writeFileSync(join(folder, "digest"), `${user}:${realm}:${digestOf("md5")}\n`);
    const modules = "authn_core authn_file authz_core authz_user auth_basic auth_digest mime".split(" ");
    const text = `
ServerName camera.test
ServerRoot "${folder}"
Listen 127.0.0.1:${port}
PidFile "${folder}/pid"
${["mpm_event", ...modules].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
User www-data
TypesConfig /dev/null
AddType image/jpeg .jpg
ErrorLog "${folder}/errors"
LogFormat "%m %U %>s" short
CustomLog "${folder}/log" short
DocumentRoot "${folder}/www"
<Directory "${folder}/www/basic">
  AuthType Basic
  AuthName "${realm}"
  AuthUserFile "${folder}/basic"
  Require valid-user
</Directory>
<Directory "${folder}/www/md5">
  AuthType Digest
  AuthName "${realm}"
  AuthUserFile "${folder}/digest"
  AuthDigestNonceLifetime 1
  Require valid-user
</Directory>
`;
    return { text, args: (file) => ["-X", "-f", file] };
  });
}

type Configured = (folder: string, port: number) => { text: string; args: (file: string) => string[] };

async function serve(
  program: "lighttpd" | "apache2",
  files: Files,
  areas: readonly string[],
  configured: Configured,
): Promise<WebServer> {
  const folder = mkdtempSync(join(tmpdir(), `${program}-`));
  // Apache leaves its rights and reads as somebody else.
  chmodSync(folder, 0o755);
  const [first = ""] = areas;
  mkdirSync(join(folder, "www", first), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, "www", first, name), bytes);
  for (const area of areas.slice(1)) cpSync(join(folder, "www", first), join(folder, "www", area), { recursive: true });
  const [port = 0] = await freePorts(1);
  const { text, args } = configured(folder, port);
  const file = join(folder, "conf");
  writeFileSync(file, text);
  const child = start(thePeer(program), args(file));
  try {
    await listens(child, port);
  } catch (error) {
    await child.end();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () =>
      readFileSync(join(folder, "log"), "utf8")
        .split("\n")
        .filter((line) => line !== ""),
    [Symbol.asyncDispose]: async () => {
      await child.end();
      rmSync(folder, { recursive: true });
    },
  };
}

async function listens(child: Child, port: number): Promise<void> {
  await until(`a web server to listen on ${port}`, async () => {
    if (child.process.exitCode !== null) await child.line(/^listens$/);
    const socket = connect(port, "127.0.0.1");
    const isThere = await new Promise<boolean>((done) =>
      socket.once("connect", () => done(true)).once("error", () => done(false)),
    );
    socket.destroy();
    return isThere;
  });
}
