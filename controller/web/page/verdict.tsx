/** A verdict by sign and word, so that nobody needs the color. */
const SIGNS: Readonly<Record<string, string>> = {
  complete: "✓",
  degraded: "△",
  incomplete: "△",
  aborted: "■",
  invalid: "✕",
};

export function Verdict({ verdict }: { readonly verdict: string }) {
  return (
    <span class={`verdict ${verdict}`}>
      <span aria-hidden="true">{SIGNS[verdict] ?? "?"} </span>
      {verdict}
    </span>
  );
}
