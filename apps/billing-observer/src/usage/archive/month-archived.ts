const NAMED_FILES = 12;

/** Entries are asked for that are in exported files and no longer in the database. */
export class MonthArchived extends Error {
  override readonly name = 'MonthArchived';

  constructor(files: readonly string[], completeFrom: string) {
    const named = files.slice(0, NAMED_FILES).join(', ');
    const more = files.length > NAMED_FILES ? ` and ${files.length - NAMED_FILES} others` : '';
    super(
      'Entries of this time were exported and are no longer in the database. The operator has them in ' +
        `${named}${more}. Entries from ${completeFrom} on can be read here; summaries and statements have all months.`,
    );
  }
}
