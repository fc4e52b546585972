// The system programs that the tests use as real peers: which, from which Debian package, what for. On Debian as root
// what is missing is installed; elsewhere it is named, and the tests that need it are skipped.
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";

export interface Peer {
  /** The program's name in the PATH. */
  program: string;
  /** The package, or several of them with blanks between. */
  debian: string;
  /** Without this file below a folder of libraries the program cannot do what it is for. */
  library?: string;
  /** Debian 12 has no such package: it is unpacked, with what it needs, from Debian sid. */
  unpacked?: true;
  purpose: string;
}

const list = [
  { program: "sipp", debian: "sip-tester", purpose: "SIP scenarios: registrations, calls, retransmissions" },
  { program: "baresip", debian: "baresip-core", purpose: "two phones with audio" },
  { program: "linphone-daemon", debian: "linphone-cli", purpose: "a phone on belle-sip: TLS and SRTP of another make" },
  { program: "ffmpeg", debian: "ffmpeg", purpose: "sound and pictures of another make, encrypted too" },
  { program: "espeak-ng", debian: "espeak-ng", purpose: "speech that holds no digits" },
  { program: "multimon-ng", debian: "multimon-ng", purpose: "a decoder of DTMF of another make" },
  { program: "mosquitto", debian: "mosquitto", purpose: "an MQTT broker" },
  { program: "mosquitto_pub", debian: "mosquitto-clients", purpose: "MQTT from the command line" },
  { program: "mosquitto_sub", debian: "mosquitto-clients", purpose: "MQTT from the command line" },
  { program: "kamailio", debian: "kamailio-tls-modules", purpose: "a SIP server of another make, beside and above us" },
  { program: "asterisk", debian: "mmdebstrap", unpacked: true, purpose: "the PBX that many have, beside and above us" },
  { program: "rtpengine", debian: "rtpengine-daemon", purpose: "the second media engine, without its kernel module" },
  { program: "svwar", debian: "sipvicious", purpose: "a scanner that looks for extensions" },
  { program: "ip", debian: "iproute2", purpose: "network namespaces" },
  { program: "nft", debian: "nftables", purpose: "a NAT between two of them" },
  {
    program: "gst-launch-1.0",
    debian: "gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad",
    library: "gstreamer-1.0/libgstsrtp.so",
    purpose: "encrypted sound of a third make",
  },
  {
    program: "python3",
    debian: "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad",
    library: "girepository-1.0/GstRtspServer-1.0.typelib",
    purpose: "gst-rtsp-server, a camera of another make",
  },
  {
    program: "gst-inspect-1.0",
    debian: "gstreamer1.0-tools gstreamer1.0-plugins-ugly",
    library: "gstreamer-1.0/libgstx264.so",
    purpose: "H.264 with B-frames for that camera",
  },
  { program: "lighttpd", debian: "lighttpd", purpose: "a web server's logins: Basic, Digest with MD5 and SHA-256" },
  { program: "apache2", debian: "apache2-bin", purpose: "another's: Digest with nonces that go stale" },
  { program: "openssl", debian: "openssl", purpose: "certificates of another make" },
  { program: "tshark", debian: "tshark", purpose: "reading captures" },
  // A quarter less work than Chromium itself, which draws windows that nobody sees.
  { program: "chromium-headless-shell", debian: "chromium-headless-shell", purpose: "the editor and the dashboard" },
] as const satisfies readonly Peer[];

export type PeerName = (typeof list)[number]["program"];
export const peers: readonly (Peer & { program: PeerName })[] = list;

/** Where programs of Debian sid are unpacked. */
const unpacked = "/opt/portero-peers";

// Debian keeps brokers in sbin, which is not in everybody's PATH.
const folders = () => [
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...["/usr/local/sbin", "/usr/sbin", "/sbin", unpacked],
];

/** The path of a program, or undefined where there is none. */
export function findProgram(program: string, where: readonly string[] = folders()): string | undefined {
  return where
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Debian keeps libraries in a folder named after the machine: /usr/lib/x86_64-linux-gnu. */
function hasLibrary(file: string): boolean {
  const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];
  return ["", ...folders].some((folder) => existsSync(join("/usr/lib", folder, file)));
}

/** The path of a peer's program, or undefined where it or what it needs is missing. */
export const findPeer = ({ program, library }: Peer): string | undefined =>
  library === undefined || hasLibrary(library) ? findProgram(program) : undefined;

export const missingPeers = (): Peer[] => peers.filter((peer) => findPeer(peer) === undefined);

/** Whether os-release(5) tells of Debian itself or of something made from it. */
export function isDebian(release: string): boolean {
  return release.split("\n").some((line) => /^ID(_LIKE)?=/.test(line) && /\bdebian\b/.test(line));
}

function mayInstall(): boolean {
  try {
    return process.getuid?.() === 0 && isDebian(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

function apt(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Its own words go to stderr: stdout belongs to the tests.
  return spawnSync("apt-get", args, { env, stdio: ["ignore", 2, 2] }).status === 0;
}

/** Unpacks a package and what it depends on, and puts a program of its name beside them that starts it with its own libraries. */
function unpack({ program }: Peer): boolean {
  const folder = join(unpacked, `${program}.root`);
  mkdirSync(unpacked, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  // A mirror may be weeks behind; the packages are signed all the same.
  const args = ["--variant=extract", '--aptopt=Acquire::Check-Valid-Until "false"', `--include=${program},base-files`];
  if (spawnSync("mmdebstrap", [...args, "sid", folder], { stdio: ["ignore", 2, 2] }).status !== 0) return false;
  const libraries = join(folder, "usr/lib", librariesIn(folder));
  const loader = readdirSync(libraries).find((file) => /^ld-linux.*\.so/.test(file)) ?? "";
  const command = `exec ${join(libraries, loader)} --library-path ${libraries}:${join(libraries, program)} ${join(folder, "usr/sbin", program)}`;
  writeFileSync(join(unpacked, program), `#!/bin/sh\n${command} "$@"\n`, { mode: 0o755 });
  return true;
}

/** The folder of a machine's libraries below usr/lib: x86_64-linux-gnu. */
const librariesIn = (root: string): string =>
  readdirSync(join(root, "usr/lib")).find((name) => name.endsWith("-linux-gnu")) ?? "";

/** Where an unpacked program's files are; undefined for one that Debian has installed. */
export function unpackedRoot(path: string): { root: string; libraries: string } | undefined {
  if (!path.startsWith(unpacked)) return undefined;
  const root = `${path}.root`;
  return { root, libraries: join(root, "usr/lib", librariesIn(root)) };
}

/** Installs what is missing where it may. @returns what is missing still. */
export function installPeers(): Peer[] {
  const missing = missingPeers();
  if (missing.length === 0 || !mayInstall()) return missing;
  const packages = [...new Set(missing.flatMap((peer) => peer.debian.split(" ")))];
  console.error(`Installing the peers of the tests: ${packages.join(", ")} …`);
  const done =
    apt("update", "-q") &&
    apt("install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", ...packages);
  if (!done) console.error("apt-get could not install them; the reason stands above.");
  for (const peer of missing)
    if (peer.unpacked && !unpack(peer)) console.error(`${peer.program} could not be had; the reason stands above.`);
  return missingPeers();
}

if (import.meta.main) {
  const missing = installPeers();
  for (const one of peers)
    console.log(`${one.program}: ${findPeer(one) ?? `missing (Debian package ${one.debian})`} – ${one.purpose}`);
  if (missing.length > 0) process.exit(1);
}
