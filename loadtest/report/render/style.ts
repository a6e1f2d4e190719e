/**
 * The style sheet of the report. One accent, for what is hot; blue-grey for the rest, which also those tell apart who
 * do not see red or green. The heat ramp rises in lightness alone, so it survives a grey printer.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf9; --ink: #1d1c1a; --soft: #67635b; --line: #e4e0d8; --panel: #f4f2ed;
  --cool: #8499ab; --hot: #c2410c; --band: #e9ddc9; --paid: #e9e6df; --total: #45423c;
  --heat-0: #f2efe9; --heat-1: #f8dcc5; --heat-2: #f4b98f; --heat-3: #ea915b; --heat-4: #d5652d; --heat-5: #a93f0d; --heat-6: #6f2605;
  --tint-1: #f9f1e4; --tint-2: #fae3cc; --tint-3: #f6cba6; --tint-4: #efac77;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #151514; --ink: #ebe9e3; --soft: #a39e93; --line: #302e2a; --panel: #1e1d1b;
    --cool: #6d8498; --hot: #ff8c4f; --band: #4a3d28; --paid: #2b2a27; --total: #c9c5bb;
    --heat-0: #211f1d; --heat-1: #3b281c; --heat-2: #603718; --heat-3: #8b4a17; --heat-4: #bd631f; --heat-5: #f08a45; --heat-6: #ffc9a0;
    --tint-1: #29241b; --tint-2: #3d2c1d; --tint-3: #573519; --tint-4: #7a4417;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 908px; margin: 0 auto; padding: 40px 24px 96px; }
header .where { color: var(--soft); font-size: 14px; margin: 0 0 28px; overflow-wrap: anywhere; }
time { white-space: nowrap; }
header .where b { color: var(--ink); font-weight: 600; }
h1 { font-size: 34px; line-height: 1.18; letter-spacing: -0.018em; font-weight: 650; margin: 18px 0 12px; max-width: 24em; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 20px; line-height: 1.3; letter-spacing: -0.01em; font-weight: 620; margin: 0 0 6px; }
.lead { font-size: 18px; margin: 0 0 8px; max-width: 44em; overflow-wrap: anywhere; }
section { margin-top: 64px; }
section > p { max-width: 44em; margin: 0 0 16px; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.verdict { display: flex; gap: 12px; align-items: baseline; flex-wrap: wrap; margin: 0; font-size: 15px; }
.status { font-weight: 700; font-size: 13px; letter-spacing: 0.08em; padding: 2px 10px; border: 1.5px solid currentColor; border-radius: 4px; }
.invalid .status { background: var(--ink); color: var(--paper); border-color: var(--ink); }
.invalid .verdict { font-weight: 600; }
.reasons { margin: 12px 0 0; padding: 0; list-style: none; }
.reasons li { padding: 8px 0 8px 14px; border-left: 3px solid var(--hot); margin-bottom: 8px; overflow-wrap: anywhere; }
code, pre { font: 13.5px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--panel); padding: 1px 5px; border-radius: 4px; overflow-wrap: anywhere; }
pre { background: var(--panel); padding: 14px 16px; border-radius: 6px; margin: 12px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
pre code { background: none; padding: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 8px 24px; margin: 32px 0 36px; padding: 0; }
.figures > div { border-top: 1px solid var(--line); padding-top: 12px; min-width: 0; }
.figures dt { color: var(--soft); font-size: 13px; }
.figures dd { margin: 2px 0 0; font-size: 27px; letter-spacing: -0.02em; font-weight: 620; line-height: 1.25; white-space: nowrap; }
.figures dd.note { font-size: 13px; line-height: 1.45; letter-spacing: 0; font-weight: 400; color: var(--soft); white-space: normal; }
.figures dd.hot { color: var(--hot); }
.figures svg { display: none; width: auto; max-width: 100%; margin: 6px 0 0; }
.figures svg.narrow { display: block; height: 14px; }
.figures.many svg.narrow { height: auto; }
figure { margin: 16px 0 8px; }
figcaption { color: var(--soft); font-size: 13.5px; max-width: 56em; margin-top: 4px; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg.narrow { display: none; max-width: 440px; }
svg text { font-size: 12.5px; fill: var(--ink); font-family: inherit; font-variant-numeric: tabular-nums; white-space: pre; }
svg text.soft { fill: var(--soft); }
svg text.strong { font-weight: 650; }
svg text.halo { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round; }
svg text.hot-ink { fill: var(--hot); }
.cool { fill: var(--cool); } .hot { fill: var(--hot); } .paid { fill: var(--paid); } .total { fill: var(--total); } .band { fill: var(--band); }
.rule { stroke: var(--soft); stroke-width: 1; } .grid { stroke: var(--line); stroke-width: 1; }
.link { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 2; } .mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 3 2; }
.whisker { stroke: var(--ink); stroke-width: 1.25; }
.range { stroke-width: 2; } .end { stroke-width: 2; }
.delivery { fill: var(--cool); stroke: var(--cool); } .delivery.hot { fill: var(--hot); stroke: var(--hot); }
.service { fill: var(--paper); stroke: var(--soft); stroke-width: 1.25; }
circle.delivery { stroke: none; }
${Array.from({ length: 7 }, (_, i) => `.heat-${i} { fill: var(--heat-${i}); }`).join(" ")}
.floor { fill: none; stroke: var(--hot); stroke-width: 1.5; stroke-dasharray: 6 4; }
.curve { fill: none; stroke: var(--cool); stroke-width: 2; stroke-linejoin: round; }
path[class^="heat"] { shape-rendering: crispEdges; }
.scroll { overflow-x: auto; margin: 16px 0 8px; }
.scroll:focus-visible { outline: 2px solid var(--hot); outline-offset: 4px; }
table { border-collapse: collapse; width: 100%; font-size: 14.5px; }
caption { text-align: left; color: var(--soft); font-size: 13.5px; padding-bottom: 6px; }
th, td { text-align: right; padding: 6px 0 6px 14px; border-bottom: 1px solid var(--line); font-weight: 400; vertical-align: baseline; }
th.words, td.words { text-align: left; overflow-wrap: break-word; } th:first-child { padding-left: 0; }
thead tr.groups th, thead tr.groups td { border-bottom: 0; padding-bottom: 0; color: var(--ink); }
thead th { color: var(--soft); font-size: 13px; vertical-align: bottom; }
tbody tr.now th, tbody tr.now td { font-weight: 650; }
td.hot, th.hot { color: var(--hot); font-weight: 650; }
.what-if td { padding: 5px 8px; line-height: 1.25; }
td small { display: block; color: var(--soft); font-size: 11.5px; font-weight: 400; }
.tint-1 { background: var(--tint-1); } .tint-2 { background: var(--tint-2); } .tint-3 { background: var(--tint-3); } .tint-4 { background: var(--tint-4); }
.what-if td[class] small { color: var(--ink); }
.advice { list-style: none; padding: 0; margin: 12px 0; }
.advice li { display: grid; grid-template-columns: 150px 1fr; gap: 4px 20px; padding: 14px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.advice b { font-weight: 650; }
.grey { filter: grayscale(1); opacity: 0.75; }
.fail { color: var(--hot); font-weight: 650; }
footer { margin-top: 72px; color: var(--soft); font-size: 13px; border-top: 1px solid var(--line); padding-top: 16px; overflow-wrap: anywhere; }
@media (max-width: 759px) {
  main { padding: 24px 20px 64px; }
  h1 { font-size: 27px; } .lead { font-size: 17px; } section { margin-top: 52px; }
  .figures { grid-template-columns: repeat(2, 1fr); gap: 20px 24px; margin: 24px 0 28px; }
  svg.wide { display: none; } svg.narrow { display: block; }
  table { font-size: 13.5px; } th, td { padding-left: 8px; }
  .what-if td, .what-if th { padding: 5px 3px; font-size: 12.5px; } .what-if td small { font-size: 11px; }
  .advice li { grid-template-columns: 1fr; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --soft: #555; --line: #ddd; --panel: #f5f5f5;
    --cool: #8499ab; --hot: #c2410c; --band: #e9ddc9; --paid: #e9e6df; --total: #45423c;
    --heat-0: #f2efe9; --heat-1: #f8dcc5; --heat-2: #f4b98f; --heat-3: #ea915b; --heat-4: #d5652d; --heat-5: #a93f0d; --heat-6: #6f2605;
    --tint-1: #f9f1e4; --tint-2: #fae3cc; --tint-3: #f6cba6; --tint-4: #efac77;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 12px; } main { padding: 0; max-width: none; } h1 { font-size: 25px; } .lead { font-size: 14px; }
  section { margin-top: 32px; } figure, tr, .advice li { break-inside: avoid; } h2, caption { break-after: avoid; }
  .figures { grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); } .figures dd { font-size: 20px; }
  figure svg.wide { display: block; } figure svg.narrow { display: none; }
  .scroll { overflow: visible; } table { font-size: 11px; }
}
`;
