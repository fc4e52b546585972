// Valid messages, as odd as the grammar of RFC 3261 §25.1 allows: escapes, names with commas and angle brackets, IPv6, compact forms,
// folded lines, several values in one header, `tel:`. The same for the same seed.
import { Random } from "../random.ts";

export const short: Readonly<Record<string, string>> = {
  Via: "v",
  From: "f",
  To: "t",
  "Call-ID": "i",
  Contact: "m",
  "Content-Length": "l",
};
const spellings = (name: string): string[] => [name, name, name.toLowerCase(), name.toUpperCase(), short[name] ?? name];

export class Writer {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** An INVITE with every structured header. */
  invite(): string {
    const header = (name: string, value: string) => `${this.#of(...spellings(name))}${this.#of("", "", " ")}:${value}`;
    const lines = [
      ...this.#some(1, 3, () => header("Via", this.#of(" ", "") + this.#list(1, 2, () => this.#via()))),
      header("From", ` ${this.#address("From")};tag=${this.#of("a1", "x-._~'", "98asjd8")}${this.#params()}`),
      header("To", this.#space() + this.#address("To") + this.#params()),
      header("Call-ID", ` ${this.#of("a84b4c76e66710", "f81d4fae@10.0.0.9", "w%Z-!.*_+'@word`~)(><:\\/\"][?}{")}`),
      header("CSeq", ` ${this.#of("1", "0009", "2147483647")}${this.#of(" ", "   ", "\r\n ")}INVITE`),
      header("Max-Forwards", " 70"),
      ...this.#some(1, 2, () =>
        header("Contact", ` ${this.#list(1, 3, () => this.#address("") + this.#contactParams())}`),
      ),
      ...this.#some(0, 2, () => header("Route", ` ${this.#list(1, 3, () => this.#route())}`)),
      ...this.#some(0, 2, () => header("Record-Route", ` ${this.#list(1, 3, () => this.#route())}`)),
      header("Content-Length", " 0"),
    ];
    return `INVITE ${this.#uri("INVITE")} SIP/2.0\r\n${lines.join("\r\n")}\r\n\r\n`;
  }

  #of<T>(...choices: T[]): T {
    return this.#random.pick(choices);
  }

  #some(least: number, most: number, make: () => string): string[] {
    return Array.from({ length: least + this.#random.below(most - least + 1) }, make);
  }

  /** Values in one header. */
  #list(least: number, most: number, make: () => string): string {
    return this.#some(least, most, make).join(`${this.#of("", " ")},${this.#space()}`);
  }

  /** White space where some may stand; a line may end there (§7.3.1). */
  #space(): string {
    return this.#of("", "", " ", " ", "\t", "\r\n ", " \r\n\t ");
  }

  #via(): string {
    const slash = this.#of("/", "/", " / ");
    const port = this.#of("", ":5060", " : 5062");
    const branch = `;${this.#space()}branch${this.#of("=", " = ")}z9hG4bK${this.#of("776asdhds", "-.!%66*_+`'~")}`;
    const more = this.#of(
      "",
      ";rport",
      ";rport=5070;received=192.0.2.7",
      ";ttl=16;maddr=224.2.0.1",
      ';x="a;b,c"',
      ";hidden",
    );
    return `SIP${slash}2.0${slash}${this.#of("UDP", "TCP", "TLS", "WSS", "SCTP")} ${this.#host()}${port}${branch}${more}`;
  }

  #address(where: string): string {
    if (this.#random.chance(0.25)) return this.#bare(where);
    const name = this.#of(
      ...[
        "",
        "",
        "Bob ",
        "Anna Maria ",
        "Bob",
        "-.!%*_+`'~ ",
        '"Bell, Alexander" ',
        '"a <sip:b@c>;tag=d" ',
        '"" ',
        '"x"',
      ],
      ...['"back\\\\slash and \\"quotes\\"" ', '"Käthe 大" '],
    );
    return `${name}${this.#of("", "", " ")}<${this.#uri(where)}>`;
  }

  /** Without angle brackets: no comma, semicolon or question mark (§20). */
  #bare(where: string): string {
    const host = this.#host();
    return where !== "INVITE" && this.#random.chance(0.05)
      ? "tel:+49-30-123"
      : `sip:${this.#of("", "6001@", "a%20b@")}${host}`;
  }

  #uri(where: string): string {
    if (this.#random.chance(0.03)) return this.#of("tel:+49-30-123", "tel:110;phone-context=example.com");
    const user = this.#of(
      ...["", "6001@", "j.smith@", "a%20b@", "user;par=u%40x@", "a?b/c@", "+49-30(1)@", "%E4%BD%A0@", "sips%3Auser@"],
      ...["bob:secret@", "&=+$,;?/@"],
    );
    const params = this.#of(
      "",
      "",
      ";lr",
      ";transport=tcp",
      ";user=phone",
      ";maddr=192.0.2.3;ttl=15",
      ";x=%41b",
      ";a=[b]/:&+$",
    );
    const headers =
      where === "To" || where === "From" || where === "" ? this.#of("", "", "?subject=a%20b&priority=urgent") : "";
    return `${this.#of("sip", "sip", "sips", "SIP")}:${user}${this.#host()}${this.#of("", ":5060", ":1", ":65535")}${params}${headers}`;
  }

  #host(): string {
    return this.#of(
      "example.com",
      "EXAMPLE.Com",
      "192.0.2.1",
      "[2001:db8::1]",
      "[::ffff:192.0.2.1]",
      "a-b.example.",
      "localhost",
    );
  }

  #route(): string {
    return `${this.#of("", "", '"a, b" ')}<${this.#uri("Route").replace(/^(tel:.*)$/, "sip:a")}>${this.#of("", ";x=1", ';y="<,>"')}`;
  }

  #params(): string {
    return this.#of("", "", ";x", " ;\r\n x = y", ';z="a;b,c\\"d"', ";n=[2001:db8::1]");
  }

  #contactParams(): string {
    return this.#params() + this.#of("", ";q=0.7", ";expires=60", ';+sip.instance="<urn:uuid:1>"');
  }
}
