// A DNS server of one test: every name it is asked for is this machine. RFC 1035 §4.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";

/** Gives its port on loopback. */
export async function namesServer(t: TestContext): Promise<number> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.on("message", (question, from) => {
    let end = 12;
    while (question[end]) end += 1 + (question[end] ?? 0);
    const isAddress = question.readUInt16BE(end + 1) === 1;
    const head = Buffer.from(question.subarray(0, end + 5));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(isAddress ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    // The name is a pointer to the question's.
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    socket.send(isAddress ? Buffer.concat([head, answer]) : head, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket.address().port;
}
