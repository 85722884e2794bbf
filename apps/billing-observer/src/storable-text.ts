/** PostgreSQL's text holds every character but U+0000; a caller's name or number may hold that one too. */
// eslint-disable-next-line no-control-regex -- that character is exactly what must not pass
export const storableText = (text: string): string => text.replace(/\u0000/g, '\uFFFD');
