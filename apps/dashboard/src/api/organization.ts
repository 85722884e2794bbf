/** Every view of an organisation is under `/app/o/ID`. */
const PATH = /^\/app\/o\/([\da-f-]{36})(\/|$)/i;

export const organizationOfPath = (pathname: string): string | undefined => PATH.exec(pathname)?.[1]?.toLowerCase();
