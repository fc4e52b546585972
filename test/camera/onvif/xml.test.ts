// The reader of cameras' XML: what it reads, and that nothing stops it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAnswer } from "../../../src/camera/onvif/soap.ts";
import { all, escaped, first, readXml, textAt } from "../../../src/camera/onvif/xml.ts";
import { seeded } from "../../media/seeded.ts";

const sample =
  `\ufeff<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>\n<!-- <no> --><e:Envelope xmlns:e="urn:x"><e:Body>` +
  `<t:P t:token='a>b' fixed=true><t:Name> A &amp; &#66;&#x43; <![CDATA[<d>]]></t:Name><t:Empty/></t:P>` +
  `<Q token="2"><Name>second</Name></Q></e:Body></e:Envelope>`;

describe("X: XML of cameras", () => {
  it("is read without prefixes, with entities, CDATA and attributes of all quotes", () => {
    const root = readXml(sample);
    assert.ok(root);
    assert.equal(root.name, "Envelope");
    const found = first(root, "Body", "P");
    assert.deepEqual(
      [...(found?.attributes ?? [])],
      [
        ["token", "a>b"],
        ["fixed", "true"],
      ],
    );
    assert.equal(textAt(found, "Name"), "A & BC <d>");
    assert.equal(textAt(found, "Empty"), undefined);
    assert.deepEqual(
      all(root, "Name").map(({ text }) => text),
      ["A & BC <d>", "second"],
    );
  });

  it("is read where ends are missing, crossed or too many", () => {
    assert.equal(textAt(readXml("<a><b>1<c>2</b></c></x></a>"), "c"), "2");
    assert.equal(textAt(readXml("<a><b>1"), "b"), "1");
    assert.equal(textAt(readXml("<a><b>1</b><c"), "b"), "1");
  });

  it("holds what was escaped", () => {
    const text = `<&>"' é ${"x".repeat(10)}`;
    assert.equal(readXml(`<a b="${escaped(text)}">${escaped(text)}</a>`)?.text, text);
    assert.equal(readXml(`<a b="${escaped(text)}"/>`)?.attributes.get("b"), text);
  });

  it("knows no entity of a document's own, so that none grows", () => {
    assert.equal(readXml(`<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;&#x110000;</a>`)?.text.includes("bbbb"), false);
  });

  it("is none where it is too deep or too much", () => {
    assert.equal(readXml("<a>".repeat(51)), undefined);
    assert.equal(readXml(`<a>${"<b/>".repeat(20_000)}</a>`), undefined);
    for (const none of ["", "text", "<", "< >", "<>", "\0".repeat(100)]) assert.equal(readXml(none), undefined);
  });

  it("is read in linear time, whatever a device sends", () => {
    const half = 2 ** 18;
    const many = ["<a ", `<a "`, "<a b=", "</a", "&#", "<!--", `<a ${"b ".repeat(3)}>`, "<![CDATA[", "<a b='"];
    const begun = performance.now();
    for (const piece of many) readXml(piece.repeat(half / piece.length));
    readXml(`<a ${"b".repeat(16_000)} >`.repeat(32));
    readXml(`<a ${" ".repeat(16_000)}b>`.repeat(32));
    // Quadratic would be minutes.
    assert.ok(performance.now() - begun < 10_000);
  });

  it("stops nothing, however it is mangled (seeded)", () => {
    const random = seeded(4711);
    const marks = ["<", ">", "/", "&", ";", '"', "'", "=", "<!--", "]]>", "<![CDATA[", "\0", "&#x", "<?"];
    for (let round = 0; round < 20_000; round++) {
      let text = sample;
      for (let times = random(6) + 1; times > 0; times--) {
        const at = random(text.length + 1);
        text = text.slice(0, at) + (marks[random(marks.length)] ?? "") + text.slice(at + random(12));
      }
      const answer = readAnswer(Buffer.from(text));
      if (answer && "fault" in answer) assert.fail("there is no fault in it");
    }
  });
});
