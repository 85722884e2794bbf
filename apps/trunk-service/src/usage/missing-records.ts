/** What is said of a time of which records are missing. */
interface Missing {
  incomplete: boolean;
  gap_accepted: boolean;
}

/** A file has no place for it: its columns stay as they are. */
export const missingHeaders = ({ incomplete, gap_accepted }: Missing): Record<string, string> => ({
  'X-Usage-Incomplete': String(incomplete),
  'X-Usage-Gap-Accepted': String(gap_accepted),
});
