/** The candidate that was probably meant by a mistyped word: same letters in another case or spelling, else few edits away. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = letters(word);
  const same = candidates.find((candidate) => letters(candidate) === plain);
  if (same !== undefined || plain.length > WORD_MAX) return same;
  const editsMax = plain.length < 4 ? 1 : Math.ceil(plain.length / 4);
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: editDistance(plain, letters(candidate)) }))
    .filter(({ edits }) => edits <= editsMax)
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.candidate;
}

/** Longer words are no typing errors, and edit distance takes quadratic time. */
const WORD_MAX = 100;

/** `, did you mean x?` or nothing: the end of an error about an unknown word. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? "" : `, did you mean ${meant}?`;
}

/** block_size, BlockSize and block-size are one word. */
function letters(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** Levenshtein: insertions, deletions and replacements of one letter. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
