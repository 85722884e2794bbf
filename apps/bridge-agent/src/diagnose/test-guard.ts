/** Bounds the tests of trunks on this bridge: none is to be used to scan networks. */
export interface TestGuard {
  /** Organisations with a test under way. */
  readonly going: Set<string>;
}

export const MAX_TESTS = 8;

export const testGuard = (): TestGuard => ({ going: new Set() });

/** False where there is no room; nothing is sent then. */
export function enterTest({ going }: TestGuard, organizationId: string): boolean {
  if (going.size >= MAX_TESTS || going.has(organizationId)) return false;
  going.add(organizationId);
  return true;
}

export const leaveTest = ({ going }: TestGuard, organizationId: string): void => {
  going.delete(organizationId);
};
