import { wordsFor } from '@trunkmesh/contracts/words.js';

interface CodedProps {
  words: Readonly<Record<string, string>>;
  code: string;
}

/** A constant in words, and small beside them the constant itself, because that is what the API and the logs say. */
export const Coded = ({ words, code }: CodedProps) => (
  <>
    {wordsFor(words, code)} <Code of={code} />
  </>
);

/** The constant that words stand for. */
export const Code = ({ of }: { of: string | null }) => of !== null && <code className="muted small">{of}</code>;
