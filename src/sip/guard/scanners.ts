// Programs that search the internet for SIP servers say who they are in User-Agent. They get no answer at all, so that
// the address looks dead to them. The names are those that Kamailio's own configuration drops (kamailio.cfg, "friendly|
// scanner|sipcli|sipvicious|VaxSIPUserAgent|pplsip") and that sipXcom's proxy refuses by default (sundayddr, iWar,
// sip-scan); sipvicious' parts name themselves svmap, svwar, svcrack where somebody set them so. sipp and sipsak are left
// out: people test their own house with them.

const names =
  /friendly-(?:scanner|request)|sip-?scan|sipvicious|sv(?:map|war|crack|crash)\b|sipcli|vaxs?ipuseragent|pplsip|sundayddr|\biwar\b|siparmyknife|\bsivus\b|voiphopper|sippts/i;

export const isScanner = (userAgent: string): boolean => names.test(userAgent);
