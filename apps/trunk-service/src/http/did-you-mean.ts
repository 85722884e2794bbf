/** The known word that was probably meant: at most a third of its letters wrong, and never more than three. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const normal = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(normal(word.slice(0, 64)), normal(candidate));
    if (distance <= Math.min(3, Math.floor(candidate.length / 3)) && (best === undefined || distance < best.distance))
      best = { word: candidate, distance };
  }
  return best?.word;
}

/** Levenshtein, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
  }
  return row[b.length]!;
}
