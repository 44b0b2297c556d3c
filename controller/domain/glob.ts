/** Whether the whole name matches: * stands for any letters or none, ? for exactly one. Takes |glob| x |name| steps at most. */
export function matchesGlob(glob: string, name: string): boolean {
  let [at, from] = [0, 0];
  // The last * and what it stands for so far: on a mismatch it takes one letter more.
  let [star, taken] = [-1, 0];
  while (from < name.length) {
    if (glob[at] === "*") {
      [star, taken] = [at, from];
      at += 1;
    } else if (glob[at] === "?" || glob[at] === name[from]) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      taken += 1;
      [at, from] = [star + 1, taken];
    } else return false;
  }
  while (glob[at] === "*") at += 1;
  return at === glob.length;
}
