/** What the API says when it refuses (RFC 9457), or what the browser says when there was no answer. */
export interface Problem {
  title: string;
  detail: string;
  status?: number;
  code?: string;
  requestId?: string;
  errors: { pointer: string; detail: string }[];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

export const statusOf = ({ status }: { status: number }) => status;

export function problemOf(error: unknown): Problem {
  if (isObject(error) && typeof error['detail'] === 'string')
    return {
      title: textOf(error['title']) ?? 'Refused',
      detail: error['detail'],
      status: typeof error['status'] === 'number' ? error['status'] : undefined,
      code: textOf(error['code']),
      requestId: textOf(error['request_id']),
      errors: Array.isArray(error['errors']) ? (error['errors'] as Problem['errors']) : [],
    };
  return {
    title: 'No answer',
    detail:
      'The service did not answer. Check your network connection, then try again. A change may have been made all ' +
      'the same: look whether it is there before you repeat it.',
    errors: [],
  };
}

/** A refusal stays a refusal; an outage may be over. */
export function mayRetry(error: unknown): boolean {
  const { status } = problemOf(error);
  return status === undefined || status >= 500;
}
