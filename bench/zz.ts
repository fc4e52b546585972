import { leaveItsCore } from "./machine.ts";
import { gather, extensions } from "./calls.ts";
import { Portero, scratch } from "./server.ts";
leaveItsCore();
const opts = (process.env.OPTS ?? "").split(" ").filter(Boolean);
const rate = Number(process.env.RATE ?? 600), windows = Number(process.env.WIN ?? 6), warm = Number(process.env.WARM ?? 600);
{
  using folder = scratch();
  await using server = await Portero.start(folder.path, { extensions }, opts);
  const per = rate * 5;
  const p = await gather(server.address, folder.path, 1_000_000);
  await p.call(warm, Number(process.env.WRATE ?? 100));
  let sum = 0, sumMain = 0;
  for (let i = 0; i < windows; i++) {
    const b = server.cost();
    const l = await p.call(per, rate);
    const a = server.cost();
    sum += (a.all - b.all) / per; sumMain += (a.main - b.main) / per;
    console.log(`${process.env.TAG ?? ""} window ${i}: all ${((a.all - b.all) / per).toFixed(3)} main ${((a.main - b.main) / per).toFixed(3)} failed ${l.failed} rate ${l.rate.toFixed(0)} retr ${l.retransmissions}`);
  }
  console.log(`${process.env.TAG ?? ""} MEAN all ${(sum / windows).toFixed(3)} main ${(sumMain / windows).toFixed(3)}`);
  await p.end().catch(() => 0);
}
process.exit(0);
