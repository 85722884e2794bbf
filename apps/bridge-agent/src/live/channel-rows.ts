const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Fit for a command. */
export const isChannelId = (text: string): boolean => UUID.test(text);

/** What `show channels as json` answers, from outside; empty where it cannot be read. */
export function channelRows(text: string): Record<string, unknown>[] {
  try {
    const { rows } = JSON.parse(text) as { rows?: unknown };
    return Array.isArray(rows)
      ? rows.filter((row): row is Record<string, unknown> => typeof row === 'object' && row !== null)
      : [];
  } catch {
    return [];
  }
}
