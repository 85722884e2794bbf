import { DOMAIN_ERRORS, type DomainError, type DomainErrorCode } from '@trunkmesh/contracts/problem.js';

/** RFC 9457. `code` is for programs, `detail` for people. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: DomainErrorCode;
  detail: string;
  errors?: { pointer: string; detail: string }[];
  request_id: string;
  [extension: string]: unknown;
}

export function problemOf(error: DomainError, requestId: string): Problem {
  const { code, message, details, extensions } = error;
  return {
    ...extensions,
    type: `urn:trunkmesh:problem:${code}`,
    title: titleOf(code),
    status: DOMAIN_ERRORS[code],
    code,
    detail: message,
    ...(details.length > 0
      ? { errors: details.map((detail) => ({ pointer: detail.pointer, detail: detail.message })) }
      : {}),
    request_id: requestId,
  };
}

const titleOf = (code: string) => `${code[0]!.toUpperCase()}${code.slice(1).replaceAll('-', ' ')}`;

/** Seconds until it is worth trying again, where it is. */
export function retryAfter({ code, extensions }: Pick<DomainError, 'code' | 'extensions'>): number | undefined {
  if (typeof extensions['retry_after_seconds'] === 'number') return extensions['retry_after_seconds'];
  if (code === 'idempotency-key-in-progress') return 1;
  return DOMAIN_ERRORS[code] === 503 ? 2 : undefined;
}
