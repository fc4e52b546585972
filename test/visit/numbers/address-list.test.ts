import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressFormats, addressList, type AddressEntry } from "../../../src/visit/numbers/address-list.ts";

const entries: AddressEntry[] = [
  { number: "503", name: "Front door", kind: "door", registered: true, contacts: 1 },
  { number: "6001", name: 'Müller, "Kitchen" <& bath>;', kind: "extension", registered: false, contacts: 0 },
];
function text(format: string, of = entries): string {
  const { payload } = addressList(of, format);
  assert.ok(typeof payload === "string");
  return payload;
}

describe("N4 the address list", () => {
  it("is the entries themselves as JSON", () => {
    assert.equal(addressList(entries, "json").payload, entries);
  });

  it("is a table as CSV, quoted where it must be (RFC 4180)", () => {
    assert.equal(
      text("csv"),
      "number,name,kind,registered,contacts\r\n503,Front door,door,true,1\r\n" +
        '6001,"Müller, ""Kitchen"" <& bath>;",extension,false,0\r\n',
    );
  });

  it("is cards that address books import (RFC 2426)", () => {
    const cards = text("vcard").split("END:VCARD\r\n");
    assert.equal(cards.length, 3);
    assert.equal(
      cards[0],
      "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Front door;;;;\r\nFN:Front door\r\nTEL;TYPE=WORK,VOICE:503\r\n",
    );
    assert.match(cards[1] ?? "", /\r\nFN:Müller\\, "Kitchen" <& bath>\\;\r\n/);
  });

  it("is a phonebook as Grandstream reads it", () => {
    assert.match(text("grandstream"), /^<\?xml version="1.0" encoding="UTF-8"\?>\n<AddressBook>\n {2}<Contact>\n/);
    assert.match(text("grandstream"), /<LastName>Müller, &quot;Kitchen&quot; &lt;&amp; bath&gt;;<\/LastName>/);
    assert.match(text("grandstream"), /<phonenumber>6001<\/phonenumber><accountindex>0<\/accountindex>/);
  });

  it("is a phonebook as Yealink reads it", () => {
    assert.match(
      text("yealink"),
      /<DirectoryEntry>\n {4}<Name>Front door<\/Name>\n {4}<Telephone>503<\/Telephone>\n {2}<\/DirectoryEntry>/,
    );
  });

  it("holds nothing that XML cannot", () => {
    const odd = [{ ...entries[0], name: "a\u0000b\u0007\uFFFFc" } as AddressEntry];
    assert.match(text("yealink", odd), /<Name>abc<\/Name>/);
  });

  it("says which formats there are", () => {
    for (const bad of ["xml", "constructor", "__proto__", ""])
      assert.throws(() => addressList(entries, bad), new RegExp(addressFormats.join(", ")));
  });
});
