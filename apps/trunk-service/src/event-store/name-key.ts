/**
 * The key by which a read model keeps names unique: names that differ only in case or in how a letter is composed count
 * as the same name.
 */
export const nameKey = (name: string) => name.normalize('NFKC').trim().toLowerCase();
