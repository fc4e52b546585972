import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { presetOf } from "../../src/door/presets.ts";
import { checkDoor } from "../../src/door/settings.ts";
import { doorCamera, doorUrls, fillUrl } from "../../src/door/urls.ts";

const form = { id: "front", name: "Frontdoor", preset: "2n", extension: "503", password: "pw-503", code: "1234" };

describe("P6 URLs of a door", () => {
  it("come from the preset, with the address of the registration", () => {
    const urls = doorUrls(checkDoor(form), presetOf("2n"), { address: "10.0.0.7", contact: "10.0.0.7:5060" });
    assert.equal(urls.image?.reveal(), "https://10.0.0.7/api/camera/snapshot?width=640&height=480");
    assert.equal(urls.mjpeg?.reveal(), "https://10.0.0.7/api/camera/snapshot?width=640&height=480&fps=15");
    assert.equal(urls.rtsp?.reveal(), "rtsp://10.0.0.7:554/h264_stream");
  });

  it("prefer the form's URL and address", () => {
    const door = checkDoor({ ...form, address: "bell.lan", imageUrl: "http://{address}:8080/a.jpg" });
    const urls = doorUrls(door, presetOf("2n"), { address: "10.0.0.7" });
    assert.equal(urls.image?.reveal(), "http://bell.lan:8080/a.jpg");
  });

  it("P7, P8 a film of the form goes before the preset's: of its kind, and in the place of all others", () => {
    const filmsOf = (videoUrl: string) => {
      const { image, mjpeg, rtsp } = doorCamera(checkDoor({ ...form, videoUrl }), { address: "10.0.0.7" });
      return [image?.reveal().slice(0, 20), mjpeg?.reveal(), rtsp?.reveal()];
    };
    const image = "https://10.0.0.7/api";
    assert.deepEqual(filmsOf("rtsp://{address}/live"), [image, undefined, "rtsp://10.0.0.7/live"]);
    assert.deepEqual(filmsOf("RTSPS://{address}/live"), [image, undefined, "RTSPS://10.0.0.7/live"]);
    assert.deepEqual(filmsOf("http://{address}/film"), [image, "http://10.0.0.7/film", undefined]);
  });

  it("are absent while the address is not known (N3)", () => {
    assert.deepEqual(doorUrls(checkDoor(form), presetOf("2n"), {}), {});
  });

  it("put an IPv6 address in brackets", () => {
    assert.equal(fillUrl("http://{address}/x", { address: "fd00::7" }), "http://[fd00::7]/x");
    assert.equal(fillUrl("http://{contact}/x", { contact: "[fd00::7]:5060" }), "http://[fd00::7]:5060/x");
  });

  it("P7 hold no login where a maker wants it in the query: placeholders stand for it", () => {
    const imageUrl = "http://{address}/snap.cgi?usr={user}&pwd={password}";
    const door = checkDoor({ ...form, imageUrl, cameraUsername: "ad min", cameraPassword: "p&{address}=w" });
    const urls = doorUrls(door, presetOf("generic"), { address: "10.0.0.7" });
    assert.equal(urls.image?.reveal(), "http://10.0.0.7/snap.cgi?usr=ad%20min&pwd=p%26%7Baddress%7D%3Dw");
    assert.ok(!JSON.stringify(door).includes("p&"));
  });

  it("take nothing from a contact but a host and a port", () => {
    for (const evil of ["h/../x", "user@h", "h?x=", "h#", "h:5060/x", "h:80:90", ""])
      assert.equal(fillUrl("http://{contact}/snapshot.jpg", { contact: evil }), undefined, evil);
    assert.equal(fillUrl("http://{address}/x", { address: "a@b" }), undefined);
  });
});

describe("A door's camera", () => {
  it("of the simulated bell opens with the SIP login and password", () => {
    const door = checkDoor({ ...form, preset: "simulated", login: "bell-503" });
    const camera = doorCamera(door, { address: "127.0.0.1", contact: "127.0.0.1:40000" });
    assert.equal(camera.image?.reveal(), "http://127.0.0.1:40000/snapshot.jpg");
    assert.deepEqual([camera.username, camera.password?.reveal()], ["bell-503", "pw-503"]);
  });

  it("of another maker gets the camera's account only, never the SIP password", () => {
    const camera = doorCamera(checkDoor({ ...form, verifyTls: false }), { address: "10.0.0.7" });
    assert.deepEqual([camera.username, camera.password, camera.verifyTls], [undefined, undefined, false]);
  });
});
