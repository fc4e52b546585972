// "Find cameras" in the door's dialog: ONVIF devices are looked for, one is asked with its user and password, and a profile of
// it fills the fields of the camera.
import { text, type Words } from "./dialog.ts";
import type { Editor, JQuery, Query } from "./red.d.ts";

declare const RED: Editor;
declare const $: JQuery;

interface Found {
  cameras: { url: string; address: string; name: string; model: string }[];
}

interface Profile {
  name: string;
  codec?: string;
  width?: number;
  height?: number;
  imageUrl?: string;
  videoUrl?: string;
}

interface Device {
  maker: string;
  model: string;
  profiles: Profile[];
}

export interface Choice {
  readonly profile: Profile;
  readonly user: string;
  readonly password: string;
}

export interface Finder {
  /** What the dialog knows already. */
  known(): { address: string; user: string; password: string; verifyTls: boolean; pin: string };
  use(choice: Choice): void;
}

const make = (tag: string, words = ""): Query => $(document.createElement(tag)).text(words);

/** Makes the button open the panel, which is drawn at its first click. */
export function cameraFinder(button: Query, panel: Query, words: Words, finder: Finder): void {
  let isDrawn = false;
  button.on("click", (event) => {
    event.preventDefault();
    panel.toggle(true);
    if (!isDrawn) draw(panel, words, finder);
    isDrawn = true;
    panel.trigger("portero-find");
  });
}

function draw(panel: Query, words: Words, finder: Finder): void {
  const known = finder.known();
  const says = make("div").attr("id", "portero-cameras-says").attr("role", "status").css("margin-bottom", "8px");
  const list = make("select").attr("id", "portero-cameras-found").css("width", "70%");
  const input = (name: string, type: string, value: string) =>
    make("input").attr("type", type).attr("id", `portero-cameras-${name}`).attr("autocomplete", "off").val(value);
  const address = input("address", "text", known.address).attr("placeholder", "192.168.1.20");
  const user = input("user", "text", known.user);
  const password = input("password", "password", known.password).attr("autocomplete", "new-password");
  const ask = make("button", words("find.ask")).attr("type", "button").addClass("red-ui-button");
  ask.attr("id", "portero-cameras-ask");
  const profiles = make("div").attr("id", "portero-cameras-profiles");
  const row = (name: string, field: Query) =>
    make("div")
      .addClass("form-row")
      .append(make("label", words(`find.${name}`)))
      .append(field);
  const chooser = row("found", list).toggle(false);
  panel.append(says).append(chooser).append(row("address", address)).append(row("user", user));
  panel.append(row("password", password)).append(make("div").addClass("form-row").append(ask)).append(profiles);

  list.on("change", () => void address.val(text(list.val())));
  let looks = 0;
  panel.on("portero-find", () => {
    const look = ++looks;
    says.text(words("find.looking"));
    $.ajax({
      ...{ url: "portero/onvif", type: "GET" },
      success: (answer) => {
        if (look !== looks) return;
        const { cameras } = answer as Found;
        says.text(words(cameras.length === 0 ? "find.none" : "find.some"));
        chooser.toggle(cameras.length > 0);
        list.empty();
        for (const { url, name, model, address: host } of cameras) {
          const title = [...new Set([name, model])].filter((part) => part !== "").join(" ");
          make("option", [title, host].filter((part) => part !== "").join(" · "))
            .attr("value", url)
            .appendTo(list);
        }
        if (cameras[0]) address.val(cameras[0].url);
      },
      error: ({ responseJSON }) => void says.text(responseJSON?.reason ?? words("find.failed")),
    });
  });
  ask.on("click", (event) => {
    event.preventDefault();
    looks++;
    profiles.empty();
    says.text(words("find.asking"));
    // As it is sent: what is used must be what was tried.
    const login = { user: text(user.val()), password: String(password.val()) };
    const { verifyTls, pin } = finder.known();
    $.ajax({
      ...{ url: "portero/onvif/look", type: "POST", contentType: "application/json" },
      data: JSON.stringify({ address: text(address.val()), ...login, verifyTls, pin }),
      success: (answer) => {
        const device = answer as Device;
        says.text(words("find.is", { device: [device.maker, device.model].join(" ").trim() }));
        for (const profile of device.profiles) profiles.append(profileRow(profile));
      },
      error: ({ responseJSON }) => void says.text(responseJSON?.reason ?? words("find.failed")),
    });
    const profileRow = (profile: Profile): Query => {
      const use = make("button", words("find.use")).attr("type", "button").addClass("red-ui-button");
      use.on("click", (clicked) => {
        clicked.preventDefault();
        finder.use({ profile, ...login });
        RED.notify(words("find.used"), "success");
        panel.toggle(false);
      });
      const line = make("div").css({ display: "flex", gap: "8px", "align-items": "center", "margin-bottom": "4px" });
      return line.append(make("span", describe(profile, words)).css("flex", "1")).append(use.css("flex", "none"));
    };
  });
}

function describe({ name, codec, width, height, imageUrl, videoUrl }: Profile, words: Words): string {
  const size = width === undefined || height === undefined ? undefined : `${width} × ${height}`;
  const lacks = [imageUrl === undefined && "find.no-image", videoUrl === undefined && "find.no-video"];
  const missing = lacks.flatMap((key) => (key === false ? [] : [words(key)]));
  return [name, size, codec, ...missing].filter((part) => part !== undefined).join(" · ");
}
