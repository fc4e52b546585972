// A real Asterisk: PJSIP on loopback, with the endpoints and the dial plan that a test or the bench gives it, and its files in
// a folder of its own.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unpackedRoot } from "../../scripts/peers.ts";
import { thePeer } from "../support/peers.ts";
import { run, start, type Child } from "../support/processes.ts";

/** What a PBX of two phones and a trunk needs; bridges of two, sounds and codecs of telephony included. */
const modules = `
  res_pjproject res_sorcery_config res_sorcery_memory res_sorcery_astdb res_timing_timerfd
  res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_nat res_pjsip_caller_id res_pjsip_diversion res_pjsip_rfc3326
  res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest res_pjsip_registrar res_pjsip_outbound_registration
  res_pjsip_endpoint_identifier_user res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_anonymous
  res_pjsip_pubsub res_pjsip_refer res_pjsip_dtmf_info res_pjsip_dlg_options res_pjsip_logger
  res_rtp_asterisk chan_pjsip bridge_simple bridge_native_rtp bridge_builtin_features
  codec_ulaw codec_alaw codec_a_mu codec_g722 codec_resample format_wav res_format_attr_h264 res_srtp res_musiconhold
  pbx_config res_clioriginate app_dial app_echo app_verbose app_senddtmf app_playtones app_stack app_transfer
  app_playback app_read app_record app_while app_exec
  func_pjsip_endpoint func_callerid func_channel func_hangupcause func_logic func_strings func_cut func_math func_global
  func_dialgroup
`;

export interface AsteriskOptions {
  /** Where its files go. */
  readonly folder: string;
  /** pjsip.conf below its transport, which is UDP and TCP at `port`. */
  readonly pjsip: string;
  /** extensions.conf. */
  readonly extensions: string;
  readonly port: number;
  /** The command as it is to be run: the bench binds it to a core. */
  readonly command?: (program: string, args: readonly string[]) => [string, string[]];
}

const asItIs = (program: string, args: readonly string[]): [string, string[]] => [program, [...args]];
const words = (text: string): string[] => text.trim().split(/\s+/);

export class Asterisk implements AsyncDisposable {
  readonly port: number;
  readonly child: Child;
  readonly #config: string;

  /** @throws Error with what it said, where it does not get ready. */
  static async start(options: AsteriskOptions): Promise<Asterisk> {
    const path = thePeer("asterisk");
    const { folder, port, command = asItIs } = options;
    const config = join(folder, "asterisk.conf");
    for (const name of ["run", "log", "spool", "db", "keys"]) mkdirSync(join(folder, name), { recursive: true });
    const { root, libraries } = unpackedRoot(path) ?? {};
    const transport = (protocol: string) =>
      `[transport-${protocol}]\ntype=transport\nprotocol=${protocol}\nbind=127.0.0.1:${port}\n`;
    const files: Record<string, string> = {
      "asterisk.conf": [
        "[directories]",
        `astetcdir => ${folder}`,
        ...(root && libraries
          ? [`astmoddir => ${libraries}/asterisk/modules`, `astdatadir => ${root}/usr/share/asterisk`]
          : []),
        ...[
          `astvarlibdir => ${root ?? ""}/usr/share/asterisk`,
          `astdbdir => ${folder}/db`,
          `astkeydir => ${folder}/keys`,
        ],
        ...[`astspooldir => ${folder}/spool`, `astrundir => ${folder}/run`, `astlogdir => ${folder}/log`],
      ].join("\n"),
      "modules.conf": ["[modules]", "autoload = no", ...words(modules).map((name) => `load = ${name}.so`)].join("\n"),
      // A thousand lines at most wait by default; tests read what is written, all of it.
      "logger.conf": "[general]\nlogger_queue_limit = 100000\n[logfiles]\nconsole => warning,error,verbose\n",
      "rtp.conf": "[general]\nrtpstart=24100\nrtpend=59000\n",
      "pjsip.conf": `${transport("udp")}${transport("tcp")}${options.pjsip}`,
      "extensions.conf": options.extensions,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `${text}\n`);
    const child = start(...command(path, ["-C", config, "-f", "-n"]));
    try {
      await child.line(/Asterisk Ready/);
      return new Asterisk(child, port, config);
    } catch (error) {
      await child.end();
      throw error;
    }
  }

  private constructor(child: Child, port: number, config: string) {
    this.child = child;
    this.port = port;
    this.#config = config;
  }

  /** One command of its console (`pjsip show registrations`), and what it says. */
  async says(command: string): Promise<string> {
    return (await run(thePeer("asterisk"), ["-C", this.#config, "-r", "-x", command])).output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end();
  }
}
