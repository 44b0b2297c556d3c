/** The page's looks, besides its colours. Wide and narrow charts change places at 700 px; paper shows the wide ones. */
export const STYLE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,footer{max-width:1120px;margin:0 auto;padding:0 40px}
a{color:var(--link)}
a:focus-visible,.table:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-999px}
.skip:focus{left:8px;top:8px;background:var(--paper);padding:8px}
.muted{color:var(--muted);font-weight:400}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
code{font:0.88em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
h1,h2,h3,h4,p{overflow-wrap:anywhere}
h1,h2,h3,h4{line-height:1.25;letter-spacing:-.011em;margin:0;text-wrap:balance}
h1{font-size:2.25rem;font-weight:650;letter-spacing:-.022em}
h2{font-size:1.5rem;font-weight:650}
h3{font-size:1.0625rem;font-weight:650;margin:40px 0 8px}
h4{font-size:1rem;font-weight:600}
section{margin-top:64px}
#summary{margin-top:40px}
#summary>h2,section>h2{margin-bottom:16px}
.masthead{padding:44px 0 24px;border-bottom:2px solid var(--ink)}
.brand{display:flex;align-items:center;gap:8px;margin:0 0 20px;color:var(--muted);font-size:.875rem;font-weight:600}
dl{margin:0}dd{margin:0}dt{color:var(--muted);font-size:.8125rem}
.masthead dl{display:flex;flex-wrap:wrap;gap:8px 40px;margin-top:16px}
.run{border-top:2px solid var(--ink);padding-top:24px}
.run>header p{margin:8px 0 0}
.verdict{display:inline-block;border:1.5px solid currentcolor;border-radius:4px;padding:0 8px;font-size:.8125rem;font-weight:650;line-height:1.6;white-space:nowrap;margin-right:4px}
.good{color:var(--good)}.fair{color:var(--fair)}.poor{color:var(--poor)}
.key{display:flex;flex-wrap:wrap;gap:16px 34px;margin:24px 0 0;padding:16px 20px;background:var(--surface);border-radius:6px}
.key dd{font-size:1.25rem;font-weight:600;white-space:nowrap}
.key dd+dd{font-size:.875rem;font-weight:400;color:var(--muted)}
.notes{margin-top:20px;padding:4px 20px;border-left:3px solid var(--fair)}
.warnings{border-left-color:var(--poor)}
.notes h3{margin:8px 0 4px}.notes ul{margin:0 0 8px;padding-left:18px}
figure{margin:28px 0 36px}
figcaption p{margin:2px 0 6px;color:var(--muted);font-size:.9375rem;max-width:76ch}
figure svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif}
figure svg image{image-rendering:pixelated}
figure svg.narrow{display:none}
.legend{display:flex;flex-wrap:wrap;gap:2px 20px;margin:4px 0;padding:0;list-style:none;font-size:.875rem}
.legend li{display:flex;align-items:center;gap:7px;min-width:0;overflow-wrap:anywhere}
.legend svg{flex:none;width:26px;display:block}
.scale{display:flex;align-items:center;gap:8px;margin:4px 0;color:var(--muted);font-size:.8125rem}
.scale .ramp{width:140px;height:10px;border-radius:2px}
.table{overflow-x:auto;margin:20px 0 28px;background:linear-gradient(90deg,var(--paper) 40%,transparent) left/56px 100% no-repeat local,linear-gradient(270deg,var(--paper) 40%,transparent) right/56px 100% no-repeat local,linear-gradient(90deg,var(--ramp),transparent) left/10px 100% no-repeat,linear-gradient(270deg,var(--ramp),transparent) right/10px 100% no-repeat}
table{border-collapse:collapse;width:100%;font-size:.875rem;line-height:1.45}
caption{text-align:left;font-weight:600;font-size:1rem;padding-bottom:6px}
th,td{text-align:left;font-weight:400;padding:7px 14px 7px 0;border-bottom:1px solid var(--rule);vertical-align:top}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);font-size:.8125rem;border-bottom-color:var(--faint);vertical-align:bottom}
tbody th{font-weight:500}
[title]{cursor:help}
.figure{text-align:right;white-space:nowrap}
th.figure:first-child,td.figure:first-child{text-align:left}
abbr.absent{text-decoration:none;color:var(--faint);padding:0 2px}
.summary .group th,.summary .group td{padding-top:20px}
.summary tbody tr:not(.group) th{padding-left:14px}
.summary tbody th{font-weight:400}
.summary .reason{max-width:26em}
.reason{color:var(--muted);margin-top:3px}
.bar{display:block;width:72px;height:4px;margin:4px 0 0 auto;background:var(--grid);border-radius:2px}
.bar i{display:block;height:4px;background:var(--blue);border-radius:2px}
small{font-size:.8125rem;color:var(--muted)}
footer{margin:64px auto 48px;color:var(--muted);font-size:.8125rem}
footer p{border-top:1px solid var(--rule);padding-top:16px;max-width:none}
@media (max-width:700px){
main,footer{padding:0 16px}
h1{font-size:1.75rem}
.masthead{padding-top:24px}
figure svg.wide{display:none}figure svg.narrow{display:block}
.key{gap:14px 24px;padding:14px 16px}
th,td{padding-right:12px}
tbody th{min-width:96px}
}
@media print{
@page{margin:14mm}
body{font-size:10.5pt}
main,footer{max-width:none;padding:0}
figure svg.wide{display:block}figure svg.narrow{display:none}
figure,tr,.key,.notes{break-inside:avoid}
h2,h3,h4,caption,thead{break-after:avoid}
.run{break-before:page}
.table{overflow:visible}
table{font-size:7.5pt}
thead th,small,.verdict{font-size:7pt}
th,td{padding:4px 8px 4px 0}
.summary th{white-space:normal}
.bar{width:48px}
.skip{display:none}
a{color:inherit;text-decoration:none}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
