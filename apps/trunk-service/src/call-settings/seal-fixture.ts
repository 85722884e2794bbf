import type { SealSecret } from './call-settings.js';

/** As the key ring seals, in a form that a test can read; the plain text must be letters, digits, "-" or "_". */
export const sealedText = (plain: string, id: string) => `v1.test.${id}.${plain}`;

export const sealForTest: SealSecret = (wanted, { id, sealed }) => {
  if (wanted === undefined || wanted === sealed) return undefined;
  const text = wanted === null ? null : sealedText(wanted, id);
  return text === sealed ? undefined : text;
};
